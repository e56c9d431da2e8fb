"""Softmax attention with the whole table of scores in memory: plain, and the others' oracle."""

import numpy as np
from keras import ops

from zoo.attention.kernels import HIDDEN, Kernel


class Dense(Kernel):
    def attend(self, query, key, value, rules):
        weights, log_sum = self.weights(query, key, rules)
        weights, tile = ops.cast(weights, value.dtype), rules.table(query.shape[1])
        if rules.drop is not None:
            weights = rules.drop(weights, tile)
        heads = by_group(ops.matmul, weights, value)
        extra = rules.position.answer(weights, rules.tables, tile)
        return heads if extra is None else heads + extra, log_sum

    def weights(self, query, key, rules):
        """Scaled query `b h q e`, key `b g k e` -> float32 attention weights `b h q k`, and the
        logarithm of what they were divided by, `b h q`."""
        tile = rules.table(query.shape[1])
        content = by_group(ops.matmul, query, ops.transpose(key, (0, 1, 3, 2)))
        scores = rules.scores(content, query, rules.tables, tile)
        times = rules.times(tile)
        if times is not None:
            scores = scores + times
        seen = visible(rules, tile)
        scores = ops.where(seen, scores, HIDDEN)
        weights = ops.softmax(scores, axis=-1)
        if not every_query_sees(seen):
            weights = ops.where(seen, weights, 0.0)
        return weights, ops.logsumexp(scores, axis=-1)


def by_group(product, heads, shared):
    """`product` of `b h q x` with `b g x y`: h / g heads in a row share one of the g."""
    batch, num_heads, queries, size = ops.shape(heads)
    groups = shared.shape[1]
    if groups == num_heads:
        return product(heads, shared)
    rows = ops.reshape(heads, (batch, groups, num_heads // groups * queries, size))
    return ops.reshape(product(rows, shared), (batch, num_heads, queries, ops.shape(shared)[-1]))


def visible(rules, tile):
    """Which keys each query attends to, bool `b h q k`; axes are 1 where all are alike."""
    marks = {
        name: (query[:, None, :, None, None], key[:, None, None, None])
        for name, (query, key) in rules.places.marks.items()
    }
    seen, tokens = rules.seen(tile, marks), rules.places.tokens()
    if tokens is not None:
        seen = ops.logical_and(seen, tokens[:, None, None])
    return seen if rules.mask is None else ops.logical_and(seen, rules.mask)


def every_query_sees(seen) -> bool:
    """Whether it is known when the graph is made that no query attends to nothing."""
    return isinstance(seen, np.ndarray) and bool(seen.any(axis=-1).all())
