"""Look once more at the batch on which a loss was lost."""

from pathlib import Path

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.folders import verify
from zoo.data.batching import Batch
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.training import checkpoints, lost
from zoo.training.loop import compiled

LARGEST = 3
"""Of how many outputs and gradients the size is told."""


def replay(folder: Path, recipe: Resolved) -> dict[str, str]:
    """What is seen in the folder `lost` of a run, with the recipe of that run. Raises ZooError for
    a folder that holds none of it, and for another model."""
    verify(folder)
    learner = compiled(
        build.task(recipe), build.batching(recipe).batch_size, build.training(recipe)
    )
    batch = _batch(folder)
    checkpoints.assign(learner, checkpoints.fitting(folder, learner))
    found = lost.look(learner, batch)
    told = {"lost": found.said()}
    for name, heard in (("output", found.outputs), ("gradient", found.gradients)):
        fine = sorted((one for one in heard if one.fine), key=lambda one: -one.largest)
        for place, one in enumerate(fine[:LARGEST], 1):
            told[f"{name} {place}"] = f"up to {one.largest:.3g}, {one.name}"
    return told


def _batch(folder: Path) -> Batch:
    try:
        with np.load(folder / "batch.npz", allow_pickle=False) as file:
            found = dict(file)
        names = [name for name in found if name.startswith("inputs/")]
        inputs = {name.removeprefix("inputs/"): found[name] for name in names}
        return Batch(inputs, found["targets"], found["weights"])
    except (OSError, KeyError, ValueError) as wrong:
        raise ZooError(f"{folder}: holds no batch on which a loss was lost.") from wrong
