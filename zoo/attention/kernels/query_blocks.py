"""Softmax attention a block of queries at a time, each against only the keys before its end.

Half the work of `dense` for causal patterns, and a table of scores one block high. The loop is
unrolled when the graph is made.
"""

from keras import ops

from zoo.attention.kernels import Kernel
from zoo.attention.kernels.dense import Dense
from zoo.core.types import PositiveInt


class QueryBlocks(Kernel):
    """Where the pattern looks ahead, or the length is not known, it is `dense`."""

    def __init__(self, block_size: PositiveInt = 128):
        self.block_size = block_size

    def __call__(self, query, key, value, places, pattern, position, dropout=None):
        dense, length, size = Dense(), query.shape[1], self.block_size
        if length is None or not places.causal:
            return dense(query, key, value, places, pattern, position, dropout)
        before, parts = key.shape[1] - length, []
        for first in range(0, length, size):
            last = min(first + size, length)
            seen = places.part(slice(first, last), slice(0, before + last))
            keys, values = key[:, : before + last], value[:, : before + last]
            block = query[:, first:last]
            parts.append(dense(block, keys, values, seen, pattern, position, dropout))
        return ops.concatenate(parts, axis=1)
