"""What a model predicted of a text, and which of its scores says so."""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.insight.columns import tokens
from zoo.insight.reading import Reading
from zoo.recipe import build
from zoo.tasks import KERAS_HUB_CAUSAL_LM, KERAS_HUB_MASKED_LM, KERAS_HUB_TEXT_CLASSIFIER
from zoo.tasks.span_qa import SpanQa

MOST_TARGETS = 32


class Target(NamedTuple):
    """Something that was predicted."""

    text: str
    index: tuple[int, ...]
    """Where its score stands among those of a text."""
    places: list[int]
    """The places it was read off, counted through all sides."""
    others: list[tuple[str, float]]
    """What was likeliest, itself first, and how likely."""


def targets(read: Reading) -> list[Target]:
    """What was predicted: the next token, every token of an answer, those that were hidden, a
    class, or the class of each token. At most 32."""
    inputs = {name: ops.convert_to_tensor(x) for name, x in read.inputs.items()}
    scores = ops.convert_to_numpy(read.task.run(inputs)[0])[0]
    return _of(read, scores)[:MOST_TARGETS]


def _of(read: Reading, scores: np.ndarray) -> list[Target]:
    task, size = read.task, len(read.sides[-1].tokens)
    first = sum(len(side.tokens) for side in read.sides[:-1])
    if isinstance(task, KERAS_HUB_TEXT_CLASSIFIER):
        pooled = {"first": [0], "last": [size - 1], "mean": list(range(size))}[task.pooling]
        return [_likeliest(scores, (), pooled, _labels(read, scores.size))]
    if isinstance(task, SpanQa):
        names = [f"{place} {name}" for place, name in enumerate(read.sides[0].tokens)]
        ends = [_likeliest(row, (number,), [], names) for number, row in enumerate(scores)]
        return [one._replace(places=[one.index[-1]]) for one in ends]
    if read.answer.size:
        names = tokens(read.tokenizer, np.arange(scores.shape[1]))
        return [
            _likeliest(scores[place], (place,), [first + place], names, int(token))
            for place, token in enumerate(read.answer)
        ]
    if isinstance(task, KERAS_HUB_CAUSAL_LM):
        asked = [size - 1]
    elif isinstance(task, KERAS_HUB_MASKED_LM):
        asked = np.flatnonzero(read.sides[0].token_ids == read.tokenizer.mask_token_id).tolist()
    else:
        labels = _labels(read, scores.shape[1])
        return [_likeliest(row, (place,), [place], labels) for place, row in enumerate(scores)]
    names = tokens(read.tokenizer, np.arange(scores.shape[1]))
    return [_likeliest(scores[place], (place,), [first + place], names) for place in asked]


def _likeliest(
    scores: np.ndarray,
    before: tuple[int, ...],
    places: list[int],
    names: list[str],
    chosen: int | None = None,
) -> Target:
    """The best of some scores, `v`, or the one that was chosen."""
    share = np.exp(scores.astype("float64") - scores.max())
    share /= share.sum()
    order = np.argsort(-share, kind="stable")[:5].tolist()
    best = order[0] if chosen is None else chosen
    order = [best, *(one for one in order if one != best)][:5]
    others = [(names[one], float(share[one])) for one in order]
    return Target(names[best], (*before, best), places, others)


def _labels(read: Reading, number: int) -> list[str]:
    """The names of classes, where the recipe has them."""
    cut: Any = build.batching(read.recipe)
    labels = getattr(getattr(cut, "batching", cut), "labels", None)
    return list(labels or (f"class {one}" for one in range(number)))
