"""Pictures that a run makes: of a class or a caption, around half of one, or from a small one."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.folders import at_home, readable_errors
from zoo.core.kinds import to_config
from zoo.data.batching._painted import Painted
from zoo.data.batching.captioned_pixels import CaptionedPixels
from zoo.data.batching.enlarged import Enlarged
from zoo.data.batching.masked_pixels import MaskedPixels
from zoo.generation.parallel import ParallelWriter, Turns
from zoo.generation.pictures import UNKNOWN, PictureWriter
from zoo.generation.windows import WindowWriter
from zoo.generation.write import Sampling
from zoo.orders.raster import Raster
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


class Asked(NamedTuple):
    """What pictures are written from."""

    first: np.ndarray
    """What each begins from, int32 `b`."""
    known: np.ndarray
    """The tokens that are known, int32 `b t`, `UNKNOWN` where they are not."""
    source: dict[str, np.ndarray]
    """What is read besides."""
    given: np.ndarray | None
    """As in `Pictures`."""


def paint(
    run: str | Path,
    label: str = "",
    number: int = 16,
    picture: str | Path | None = None,
    size: tuple[int, int] | None = None,
    turns: Turns | None = None,
    **sampling: Any,
) -> Pictures:
    """So many pictures by a run of a model that writes them: of a class `label`, or of all in turn
    where the model knows classes and none is named; of a caption, where it was told of these. Of
    the file `picture` the upper half is kept, and the lower one made; a model that enlarges
    pictures reads all of it. `size` are rows and columns, as many as the model has learned or more;
    `turns` is for models that write all at once.

    `sampling`: temperature, top_k, top_p, seed. Raises ZooError for a model that makes no pictures,
    for a class it does not know, for a file that holds none, and for a size it cannot write.
    """
    recipe = resolve(Path(run))
    batching, tokenizer = build.batching(recipe), build.tokenizer(recipe)
    if not isinstance(batching, Painted):
        kinds = "pixels, pixel_files, masked_pixels, captioned_pixels or enlarged"
        raise ZooError(f"{run}: makes no pictures, which needs data.batching of {kinds}.")
    if number < 1:
        raise ZooError(f"--number: found {number}, expected at least 1.")
    if turns and not isinstance(batching, MaskedPixels):
        raise ZooError("this model writes token by token: it has no turns, nor a schedule of them.")
    large = _size(batching, tokenizer, size)
    options = Sampling(**sampling)
    asked = _asked(batching, tokenizer, label, number, picture, large)
    task = load_task(Path(run), recipe)
    tokens = _written(batching, tokenizer, task, large, asked, options, turns or Turns())
    return Pictures(tokenizer.paint(tokens, *large), asked.given)


def _size(batching: Any, tokenizer: Any, size: tuple[int, int] | None) -> tuple[int, int]:
    """Rows and columns of the pictures to be made. Raises ZooError."""
    trained = batching.height, batching.width
    if size is None or tuple(size) == trained:
        return trained
    found, wanted = (" × ".join(map(str, one)) for one in (size, trained))
    kind = to_config(batching)["kind"]
    if kind not in ("pixels", "pixel_files"):
        raise ZooError(f"--size: found {found}, but a model of {kind} writes {wanted} alone.")
    if not isinstance(tokenizer.order, Raster):
        order = to_config(tokenizer.order)["kind"]
        text = f"row by row, and this model writes them in the order {order}"
        raise ZooError(f"--size: found {found}. Larger pictures than {wanted} are written {text}.")
    if min(size[0] - trained[0], size[1] - trained[1]) < 0:
        raise ZooError(f"--size: found {found}, expected {wanted} or more.")
    return size


def _asked(
    batching: Any,
    tokenizer: Any,
    label: str,
    number: int,
    picture: str | Path | None,
    size: tuple[int, int],
) -> Asked:
    first, source, given = _first(batching, tokenizer, label, number), {}, None
    known = np.full((number, tokenizer.length(*size)), UNKNOWN)
    if isinstance(batching, Enlarged):
        if picture is None:
            raise ZooError("this model enlarges a picture: name its file with --picture.")
        given = _opened(picture, *(side // batching.factor for side in size), batching)
        source = {"encoder_token_ids": np.repeat(tokenizer.write(given[None]), number, axis=0)}
    elif picture is not None:
        given = _opened(picture, *size, batching)
        known = np.where(tokenizer.upper(*size), tokenizer.write(given[None]), known)
    if isinstance(batching, CaptionedPixels):
        if not label:
            raise ZooError("this model paints captions: name a caption of the picture.")
        told = np.repeat(tokenizer.captions([label.encode()]), number, axis=0)
        known = np.concatenate([told, known], axis=1)
    return Asked(first, known, source, given)


def _written(
    batching: Any,
    tokenizer: Any,
    task: Any,
    size: tuple[int, int],
    asked: Asked,
    sampling: Sampling,
    turns: Turns,
) -> np.ndarray:
    """The tokens of pictures, int32 `b t`."""
    number, trained = tokenizer.num_picture_tokens, (batching.height, batching.width)
    if isinstance(batching, MaskedPixels):
        writer = ParallelWriter(task, number, tokenizer.mask_token_id)
        return writer.write(asked.first, asked.known, sampling, turns)
    if size != trained:
        grid, window = tokenizer.grid(*size), tokenizer.grid(*trained)
        unit = max(1, window[1] // batching.width)
        writer = WindowWriter(task, number, window, tokenizer.values, unit)
        known = asked.known.reshape(-1, *grid)
        return writer.write(asked.first, known, sampling).reshape(asked.known.shape)
    writer = PictureWriter(task, number, tokenizer.values)
    tokens = writer.write(asked.first, asked.known, sampling, asked.source)
    return tokens[:, -tokenizer.length(*size) :]


def _first(batching: Any, tokenizer: Any, label: str, number: int) -> np.ndarray:
    """What pictures begin from, int32 `n`."""
    if not tokenizer.num_classes:
        if label and not isinstance(batching, CaptionedPixels):
            raise ZooError(f"found the class {label!r}, but this model was told of none.")
        return tokenizer.first(np.zeros(number, "int32"))
    if label:
        return tokenizer.first(np.full(number, batching.label(label, "the picture asked for")))
    return tokenizer.first(np.arange(number) % tokenizer.num_classes)


def opened_for(batching: Any, file: str | Path) -> np.ndarray:
    """The picture in a file as large as those of a batching, uint8 `y x c`. Raises ZooError."""
    return _opened(file, batching.height, batching.width, batching)


def _opened(file: str | Path, height: int, width: int, batching: Any) -> np.ndarray:
    """The picture in a file, its middle, resized: uint8 `y x c`. Raises ZooError."""
    from zoo.data.decoding import fitted, opened

    try:
        encoded = Path(at_home(str(file))).read_bytes()
    except OSError as wrong:
        raise ZooError(f"{file} cannot be read: {wrong.strerror}.") from wrong
    whole = opened(encoded, batching.num_channels, str(file))
    pixels = fitted(whole, height, width, batching.kept, batching.resizing)
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
