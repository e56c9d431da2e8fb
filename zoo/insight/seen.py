"""A picture as a run sees it: which class it takes it for, by which pixels, and where it looks."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.core.errors import ZooError
from zoo.core.folders import at_home
from zoo.core.loops import pullback
from zoo.data.batching.images import Images
from zoo.data.corpus import Corpus
from zoo.insight.stacks import Looking, looking
from zoo.insight.weights import Table, weights
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.training.run import load_task, resolve


class Spots(NamedTuple):
    """Where one layer looks."""

    name: str
    given: np.ndarray
    """float32 `h y x`, what each place of its grid was given by each head."""


class Seen(NamedTuple):
    """What a run does with a picture."""

    run: str
    """The name of its folder."""
    name: str
    """What the picture is called."""
    pixels: np.ndarray
    """float32 `y x c`, 0 to 255, as the model takes it."""
    classes: list[tuple[str, float]]
    """The likeliest first, and how likely."""
    moved: np.ndarray
    """float32 `y x`: gradient × input, by how much the score of the likeliest would move, to first
    order, were a pixel brighter by as much as it is above the mean."""
    spots: list[Spots]
    by: str
    """Whose looks these are."""
    missing: str
    """Why there are none; empty where there are."""


def sees(run: Path, overrides: list[str] | None = None) -> bool:
    """Whether a run looks at pictures. Raises ZooError for a folder that is no run."""
    return isinstance(build.batching(resolve(run, overrides)), Images)


def see(
    run: Path,
    file: str | None = None,
    document: int | None = None,
    overrides: list[str] | None = None,
) -> Seen:
    """What a run makes of a file of a picture, or of a held-out one, counted from 0. Raises
    ZooError for what is no picture."""
    if (file is None) == (document is None):
        raise ZooError("expected a picture, or the number of a held-out one: one of them.")
    recipe = resolve(run, overrides)
    name, pixels = _held_out(recipe, document) if file is None else _opened(recipe, file)
    task = load_task(run, recipe)
    labels, inputs = build.batching(recipe).labels, {"images": pixels[None]}
    moved, scores = _moved(task, pixels)
    shares = np.array(ops.softmax(scores))
    classes = [(labels[place], float(shares[place])) for place in np.argsort(-shares)]
    by = "the class token" if task.pooling == "first" else "all places, in the mean"
    try:
        tables, missing = weights(task, inputs), ""
    except ZooError as wrong:
        tables, missing = {}, str(wrong)
    layers = [one for one in looking(task.backbone) if one.name in tables]
    spots = [_spots(one, tables[one.name], task.pooling == "first") for one in layers]
    return Seen(run.resolve().name, name, pixels, classes, moved, spots, by, missing)


def _opened(recipe: Resolved, file: str) -> tuple[str, np.ndarray]:
    """A file as a SavedModel would see it."""
    from zoo.data.decoding import fitted, opened  # TensorFlow's, whatever the backend is

    cut: Any = build.batching(recipe)
    try:
        content = Path(at_home(file)).read_bytes()
    except OSError as wrong:
        raise ZooError(f"{file} cannot be read: {wrong.strerror}.") from wrong
    whole = opened(content, cut.num_channels, file)
    pixels = fitted(whole, cut.height, cut.width, getattr(cut, "kept", 1.0))
    return file, np.array(pixels)


def _held_out(recipe: Resolved, number: int | None) -> tuple[str, np.ndarray]:
    documents = build.held_out(recipe)
    if number is None or not 0 <= number < len(documents):
        there = f"0 to {len(documents) - 1:,}" if documents else "none: nothing is held out"
        raise ZooError(f"document: found {number}, expected {there}.")
    cut: Any = build.batching(recipe)
    corpus = Corpus(documents[number : number + 1], build.tokenizer(recipe))
    return documents[number].name, cut.make(corpus, np.zeros(1, int)).inputs["images"][0]


def _moved(task: Any, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient × input of the best score, `y x`, and all scores, float32 `c`."""
    scores = np.array(task.run({"images": pixels[None]})[0])[0]
    best = int(scores.argmax())
    score = lambda images: task.run({"images": images})[0][0, best]  # noqa: E731
    value, turn = pullback(score, [ops.convert_to_tensor(pixels[None])])
    (slope,) = turn(ops.ones_like(value))
    centred = pixels - pixels.mean(axis=(0, 1))
    return (np.array(slope)[0] * centred).sum(axis=-1), scores


def _spots(one: Looking, table: Table, by_token: bool) -> Spots:
    """Who looks: the class token, where there is one before the places of a layer."""
    height, width = one.grid or (1, 1)
    first = table.weights.shape[-1] - height * width
    rows = table.weights[0][:, :1] if by_token and first else table.weights[0][:, first:]
    given = rows[..., first:].mean(axis=1)
    return Spots(one.name, given.reshape(len(given), height, width))
