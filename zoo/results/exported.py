"""Whether a model answers alike where it is exported."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import keras

from zoo.core import folders
from zoo.core.kinds import to_config
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.recipe.sections import Export
from zoo.serving.export import answered, export, made_from, place
from zoo.serving.signatures import Served
from zoo.training import report
from zoo.training.run import may_begin, resolve

NAME = "equal, exported"


def exported(recipe: Resolved, task: Any) -> dict[str, str]:
    """Export a task to a folder that is thrown away. Raises RunError where a fresh process without
    the zoo finds other answers in it."""
    running = keras.config.backend()
    if running != "tensorflow":
        return {NAME: f"not tried: that needs TensorFlow, and Keras runs on {running}"}
    if not answered(to_config(task)["kind"]):
        return {NAME: f"not tried: no signature answers for a {type(task).__name__} yet"}
    found = build.evaluation(recipe)
    model = Served(task, build.tokenizer(recipe), build.batching(recipe), found and found.search)
    wanted = build.export(recipe) or Export()
    plain = dataclasses.replace(wanted, format="saved_model", quantize=None)
    with tempfile.TemporaryDirectory() as folder, build.at(recipe, "export"):
        written = export(model, Path(folder) / recipe.name, plain)
        names = ", ".join(folders.verify(written)["signatures"])
    return {NAME: f"in a fresh process: {names}"}


def missing(run: Path, recipe: Resolved) -> bool:
    """Whether a run came to its end with a recipe, and its export did not: it was killed then.
    Raises ZooError where the run was begun with another recipe."""
    wanted, facts = build.export(recipe), report.facts(run)
    if not wanted or facts.get("step", 0) < build.training(recipe).steps:
        return False
    may_begin(run, recipe, resume=True)
    begun = resolve(run)
    return not made_from(place(begun, wanted), begun.to_yaml())
