"""The first `length` places see each other both ways, all after them is causal.

The prefix language model of UniLM (arXiv 1905.03197) and T5 (arXiv 1910.10683, section 3.2.1).
"""

from zoo.attention.patterns import Pattern
from zoo.core.types import NonNegativeInt


class Prefix(Pattern):
    shift_invariant = False

    def __init__(self, length: NonNegativeInt):
        self.length = length
        self.causal = length <= 1

    def allowed(self, query, key, head=0):
        return (key <= query) | (key < self.length)

    def some(self, box, head=0):
        return (box.key_first <= box.query_last) | (box.key_first < self.length)

    def every(self, box, head=0):
        return (box.key_last <= box.query_first) | (box.key_last < self.length)
