"""What is left of pictures behind their codes: rows of pictures over the same ones rebuilt."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.compiled import compiled
from zoo.recipe.build import Text
from zoo.tasks.image_codes import ImageCodes
from zoo.training.painted import side_by_side

FILE = "reconstructions.png"
A_ROW, ROWS = 8, 4


def draw(task: Any, text: Text, run: Path) -> None:
    """Draw the first pictures that are held out, and below each row what is left of it, in a run of
    a task that writes pictures as codes; nothing of another."""
    if not isinstance(task, ImageCodes):
        return
    batch = text.batching.evaluation(text.validation, 0)
    there = batch.weights.max(axis=-1) > 0
    given = batch.inputs["images"]
    seen = np.asarray(compiled(lambda inputs: task(inputs), task)({"images": given}))
    given, seen = (_pixels(images[there][: A_ROW * ROWS]) for images in (given, seen))
    blank = np.full_like(given[:1], 255)
    tiles: list[np.ndarray] = []
    for first in range(0, len(given), A_ROW):
        for images in (given, seen):
            row = images[first : first + A_ROW]
            tiles += [*row, *np.repeat(blank, A_ROW - len(row), axis=0)]
    side_by_side(tiles, A_ROW, run / FILE)


def _pixels(images: np.ndarray) -> np.ndarray:
    return np.clip(np.round(images), 0, 255).astype("uint8")
