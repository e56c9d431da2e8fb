"""A sliding window of whole blocks: one's own, `before` blocks before it and `after` after it.

The window of BigBird (arXiv 2007.14062, section 2) and of block-sparse attention at large.
"""

from zoo.attention.patterns import Pattern
from zoo.core.types import NonNegativeInt, PositiveInt


class BlockBand(Pattern):
    shift_invariant = False

    def __init__(
        self, block_size: PositiveInt, before: NonNegativeInt = 1, after: NonNegativeInt = 1
    ):
        self.block_size, self.before, self.after = block_size, before, after

    def allowed(self, query, key, head=0):
        gap = query // self.block_size - key // self.block_size
        return (gap <= self.before) & (gap >= -self.after)

    def some(self, box, head=0):
        size = self.block_size
        nearest = box.query_first // size - box.key_last // size
        farthest = box.query_last // size - box.key_first // size
        return (nearest <= self.before) & (farthest >= -self.after)

    def every(self, box, head=0):
        size = self.block_size
        nearest = box.query_first // size - box.key_last // size
        farthest = box.query_last // size - box.key_first // size
        return (farthest <= self.before) & (nearest >= -self.after)
