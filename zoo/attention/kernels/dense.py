"""Softmax attention with the whole table of scores in memory: plain, and the others' oracle."""

from keras import ops

from zoo.attention.kernels import HIDDEN, Kernel, every_query_sees, visible
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
