"""Softmax attention with the whole table of scores in memory: plain, and the others' oracle."""

import numpy as np
from keras import ops

from zoo.attention.kernels import HIDDEN, Kernel, visible
from zoo.core.heads import repeat_heads


class Dense(Kernel):
    def __call__(self, query, key, value, places, pattern, position, dropout=None):
        extra = position.score(query, key, places)
        num_heads, scale = query.shape[2], query.shape[3] ** -0.5
        key, value = repeat_heads(key, num_heads), repeat_heads(value, num_heads)
        scores = ops.cast(ops.einsum("bqhe,bkhe->bhqk", query * scale, key), "float32")
        if extra is not None:
            scores = scores + ops.cast(extra, "float32")
        seen = visible(places, pattern)
        weights = ops.softmax(ops.where(seen, scores, HIDDEN), axis=-1)
        if not every_query_sees(seen):
            weights = ops.where(seen, weights, 0.0)
        weights = ops.cast(weights if dropout is None else dropout(weights), value.dtype)
        return ops.einsum("bhqk,bkhe->bqhe", weights, value)


def every_query_sees(seen) -> bool:
    """Whether it is known when the graph is made that no query attends to nothing."""
    return isinstance(seen, np.ndarray) and bool(seen.any(axis=-1).all())
