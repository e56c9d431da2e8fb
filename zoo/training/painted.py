"""Pictures that a run makes: of a class, around half of one, or from a small one."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.folders import at_home, readable_errors
from zoo.data.batching._painted import Painted
from zoo.data.batching.enlarged import Enlarged
from zoo.generation.pictures import UNKNOWN, PictureWriter
from zoo.generation.write import Sampling
from zoo.recipe import build
from zoo.training.run import load_task, resolve

SHOWN = 64
"""Pictures with fewer columns are drawn larger, every place a square."""
GAP = 2
"""Columns and rows of white between pictures."""


class Pictures(NamedTuple):
    """What was made, and what it was made from."""

    made: np.ndarray
    """uint8 `n y x c`"""
    given: np.ndarray | None = None
    """uint8 `y x c`: the picture that was given, as it was read; None for none."""


def paint(
    run: str | Path,
    label: str = "",
    number: int = 16,
    picture: str | Path | None = None,
    **sampling: Any,
) -> Pictures:
    """So many pictures by a run of a model that writes them: of a class `label`, or of all in turn
    where the model knows classes and none is named. Of the file `picture` the upper half is kept,
    and the lower one made; a model that enlarges pictures reads all of it.

    `sampling`: temperature, top_k, top_p, seed. Raises ZooError for a model that makes no pictures,
    for a class it does not know, and for a file that holds none.
    """
    recipe = resolve(Path(run))
    batching, tokenizer = build.batching(recipe), build.tokenizer(recipe)
    if not isinstance(batching, Painted):
        kinds = "pixels, pixel_files or enlarged"
        raise ZooError(f"{run}: makes no pictures, which needs data.batching of {kinds}.")
    if number < 1:
        raise ZooError(f"--number: found {number}, expected at least 1.")
    options, first = Sampling(**sampling), _first(batching, tokenizer, label, number)
    size = batching.height, batching.width
    known = np.full((number, tokenizer.length(*size)), UNKNOWN)
    source, given = {}, None
    if isinstance(batching, Enlarged):
        if picture is None:
            raise ZooError("this model enlarges a picture: name its file with --picture.")
        given = _opened(picture, *(side // batching.factor for side in size), batching)
        source = {"encoder_token_ids": np.repeat(tokenizer.write(given[None]), number, axis=0)}
    elif picture is not None:
        given = _opened(picture, *size, batching)
        upper = np.zeros_like(given)
        upper[: batching.height // 2] = 1
        tokens, kept = (tokenizer.write(one[None]) for one in (given, upper))
        known = np.where(kept > 0, tokens, known)
    task = load_task(Path(run), recipe)
    writer = PictureWriter(task, tokenizer.num_picture_tokens, tokenizer.values)
    tokens = writer.write(first, known, options, source)
    return Pictures(tokenizer.paint(tokens, *size), given)


def _first(batching: Any, tokenizer: Any, label: str, number: int) -> np.ndarray:
    """What pictures begin from, int32 `n`."""
    if not tokenizer.num_classes:
        if label:
            raise ZooError(f"found the class {label!r}, but this model was told of none.")
        return tokenizer.first(np.zeros(number, "int32"))
    if label:
        return tokenizer.first(np.full(number, batching.label(label, "the picture asked for")))
    return tokenizer.first(np.arange(number) % tokenizer.num_classes)


def _opened(file: str | Path, height: int, width: int, batching: Any) -> np.ndarray:
    """The picture in a file, its middle, resized: uint8 `y x c`. Raises ZooError."""
    from zoo.data.decoding import fitted, opened

    try:
        encoded = Path(at_home(str(file))).read_bytes()
    except OSError as wrong:
        raise ZooError(f"{file} cannot be read: {wrong.strerror}.") from wrong
    pixels = fitted(opened(encoded, batching.num_channels, str(file)), height, width)
    return np.clip(np.round(np.asarray(pixels)), 0, 255).astype("uint8")


def draw(found: Pictures, file: Path) -> None:
    """All pictures side by side as PNG, the one that was given first."""
    tiles = [*found.made]
    if found.given is not None:
        times = len(tiles[0]) // len(found.given)
        tiles.insert(0, found.given.repeat(times, axis=0).repeat(times, axis=1))
    side_by_side(tiles, math.isqrt(len(tiles) - 1) + 1, file)


def side_by_side(tiles: Sequence[np.ndarray], columns: int, file: Path) -> None:
    """Pictures of one size, uint8 `y x c`, so many in a row, as PNG."""
    (height, width, channels), times = tiles[0].shape, max(1, SHOWN // tiles[0].shape[1])
    rows = -(-len(tiles) // columns)
    step = height * times + GAP, width * times + GAP
    whole = np.full((rows * step[0] + GAP, columns * step[1] + GAP, channels), 255, "uint8")
    for place, tile in enumerate(tiles):
        top, left = (GAP + n * one for n, one in zip(divmod(place, columns), step))
        large = tile.repeat(times, axis=0).repeat(times, axis=1)
        whole[top : top + large.shape[0], left : left + large.shape[1]] = large
    save(whole, file)


def save(image: np.ndarray, file: Path) -> None:
    """Write a picture, uint8 `y x c`, as PNG."""
    from matplotlib.image import imsave

    with readable_errors(file):
        imsave(file, np.broadcast_to(image, (*image.shape[:2], 3)))
