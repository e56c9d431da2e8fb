"""A run explained by one text: all that can be told of it, and why not where it cannot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.blocks.recurrent import Recurrent
from zoo.core.errors import ZooError
from zoo.insight.attention import Looked, attention
from zoo.insight.dictionary import Dictionary, dictionary
from zoo.insight.neurons import Factors, neurons
from zoo.insight.reading import Reading, reading
from zoo.insight.rollout import flow, rollout, steps
from zoo.insight.saliency import saliency
from zoo.insight.stacks import stacked
from zoo.insight.targets import Target, targets


class Reached(NamedTuple):
    """What reaches a place through all layers."""

    rollout: np.ndarray
    """float64 `t t`, all sides in a row; rows sum to 1."""
    flow: np.ndarray | None
    """float64 `n t`, to the places of each target; None where it would take long."""


class Explanation(NamedTuple):
    """What a run does with a text. What could not be told is None, and stands in `missing`."""

    run: str
    """The name of its folder."""
    read: Reading
    targets: list[Target]
    saliency: np.ndarray
    """float32 `n t`, all sides in a row."""
    attention: list[Looked] | None
    reached: Reached | None
    neurons: list[Factors] | None
    dictionary: Dictionary | None
    missing: dict[str, str]
    """By the name of a part, why it is not there."""


def explain(
    run: Path,
    text: str | None = None,
    document: int | None = None,
    overrides: list[str] | None = None,
    num_factors: int = 6,
    num_entries: int = 32,
) -> Explanation:
    """What a run makes of a text, or of a held-out document, counted from 0. Raises ZooError for a
    text that it cannot be shown."""
    read, missing = reading(run, text, document, overrides), {}
    found = targets(read)
    moved = saliency(read.task, read.inputs, [one.index for one in found])
    looked = _tried("attention", missing, lambda: attention(read))
    return Explanation(
        run.resolve().name,
        read,
        found,
        np.concatenate(moved, axis=1),
        looked,
        _tried("rollout", missing, lambda: reached(read, looked, found, missing)),
        _tried("neurons", missing, lambda: neurons(read.task, read.inputs, num_factors)),
        _tried("dictionary", missing, lambda: dictionary(read, num_entries)),
        missing,
    )


def _tried(name: str, missing: dict[str, str], make: Callable[[], Any]) -> Any:
    try:
        return make()
    except ZooError as wrong:
        missing[name] = str(wrong)
        return None


def reached(
    read: Reading, looked: list[Looked] | None, found: list[Target], missing: dict[str, str]
) -> Reached:
    """What attention passes on through all layers. Raises ZooError where there is none, or where it
    is not the only way from token to token."""
    if not looked:
        raise ZooError("there is no attention that could be followed.")
    if any(isinstance(one.block, Recurrent) for one in stacked(read.task.backbone)):
        raise ZooError("its memory joins tokens too, which attention does not tell of.")
    passed = steps(looked, [len(side.tokens) for side in read.sides])
    places = [one.places for one in found]
    return Reached(rollout(passed), _tried("flow", missing, lambda: flow(passed, places)))
