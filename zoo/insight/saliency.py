"""What a prediction hangs on: the gradient of its score in the embedding of each token, times that
embedding (Denil et al. 2014, arXiv:1412.6815; Shrikumar et al. 2016, arXiv:1605.01713)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from zoo.core.loops import pullback
from zoo.core.taps import calling
from zoo.embeddings import TokenEmbedding

AT_ONCE = 8192
"""Tokens of copies of a text that are looked at together."""


def saliency(
    task: Any, inputs: dict[str, Any], indices: Sequence[tuple[int, ...]]
) -> list[np.ndarray]:
    """What a task takes of one text, `1 t`, and some of its scores by their places among those of a
    text -> for each text that is embedded, source first, float32 `n t`: by how much each score
    would move, to first order, were the embedding of a token as much longer as it is."""
    rows = max(1, AT_ONCE // max(x.shape[1] for x in inputs.values()))
    parts = [indices[first : first + rows] for first in range(0, len(indices), rows)]
    found = [_together(task, inputs, part) for part in parts]
    return [np.concatenate(each) for each in zip(*found)]


def _together(
    task: Any, inputs: dict[str, Any], indices: Sequence[tuple[int, ...]]
) -> list[np.ndarray]:
    """Each score is that of a copy of the text, so that one backward pass tells of them all."""
    told = {name: ops.repeat(x, len(indices), axis=0) for name, x in inputs.items()}

    def score(*nudges: Any) -> Any:
        scores = _embedded(task, told, nudges)[0]
        return sum(scores[(row, *index)] for row, index in enumerate(indices))

    embedded = _embedded(task, told, None)[1]
    value, turn = pullback(score, [ops.zeros_like(x) for x in embedded])
    slopes = turn(ops.ones_like(value))
    pairs = (map(ops.convert_to_numpy, pair) for pair in zip(slopes, embedded))
    return [(slope.astype("float32") * vector).sum(axis=-1) for slope, vector in pairs]


def _embedded(task: Any, told: dict[str, Any], nudges: Any) -> tuple[Any, list[Any]]:
    """The scores, and the embeddings of each text as they were looked up, `b t d`, before nudges of
    the same shapes were added."""
    found: list[Any] = []
    layers = [x for x in task._flatten_layers() if isinstance(x, TokenEmbedding)]

    def instead(_layer: Any, call: Any) -> Any:
        def nudged(ids: Any, reverse: bool = False) -> Any:
            out = call(ids, reverse=reverse)
            if reverse:
                return out
            found.append(out)
            return out if nudges is None else out + nudges[len(found) - 1]

        return nudged

    with calling(list({id(x): x for x in layers}.values()), instead):
        return task.run(told)[0], found
