"""The backend and the devices that a recipe asks for, before Keras is imported."""

import importlib
from pathlib import Path

from zoo.core import machine
from zoo.recipe import build
from zoo.recipe.load import Resolved, load
from zoo.recipe.sections import Export


def prepare(recipe: Resolved) -> None:
    """Choose the backend of a recipe, and prepare the devices it is trained on. Raises ZooError
    for a backend that is missing or comes too late, and for devices that are not there."""
    across = build.distribution(recipe)
    choose(recipe)
    with build.at(recipe, "training", "distribution"):
        across.prepare()


def of_run(run: Path, overrides: list[str] | None = None) -> None:
    """Choose the backend that a run was trained on, or what overrides say, to go on with its
    weights on one device. Where there is no run, that is said later."""
    if (run / "recipe.yaml").exists():
        choose(load(str(run / "recipe.yaml"), overrides))


def choose(recipe: Resolved) -> None:
    """Choose the backend of a recipe. Raises ZooError for one that is missing or comes too late."""
    wanted = build.training(recipe).backend or build.distribution(recipe).backend
    with build.at(recipe, "training"):
        machine.choose_backend(wanted)


def export(recipe: Resolved) -> Export | None:
    """How this process is to export what it has trained; None where others do, or nobody. On
    another backend than TensorFlow it says what is to be done."""
    wanted = build.export(recipe)
    if not wanted or not build.distribution(recipe).is_chief:
        return None
    running = importlib.import_module("keras").config.backend()
    if running != "tensorflow":
        print(f"Not exported: that needs TensorFlow, and Keras runs on {running}. Use zoo export.")
        return None
    return wanted
