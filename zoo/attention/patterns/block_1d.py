"""Causal blocks: a query sees its own block and `memory_length` places before the block.

Local 1D attention of the Image Transformer (arXiv 1802.05751, section 3.3), where the memory is as
long as the block; it is, when nothing is said.
"""

from zoo.attention.patterns import Pattern
from zoo.core.types import NonNegativeInt, PositiveInt


class Block1d(Pattern):
    causal = True
    shift_invariant = False

    def __init__(self, block_size: PositiveInt, memory_length: NonNegativeInt | None = None):
        self.block_size, self.memory_length = block_size, memory_length
        self.reach = block_size if memory_length is None else memory_length

    def allowed(self, query, key, head=0):
        return (key >= self._first_key(query)) & (key <= query)

    def some(self, box, head=0):
        return (box.key_last >= self._first_key(box.query_first)) & (box.farthest() >= 0)

    def every(self, box, head=0):
        return (box.key_first >= self._first_key(box.query_last)) & (box.nearest() >= 0)

    def _first_key(self, query):
        return query // self.block_size * self.block_size - self.reach
