"""The first `num_sinks` places are seen by all later ones (arXiv 2309.17453).

With a sliding window, `either: [sinks, local]`, this is what StreamingLLM keeps.
"""

from zoo.attention.patterns import Pattern
from zoo.core.types import PositiveInt


class Sinks(Pattern):
    causal = True
    shift_invariant = False

    def __init__(self, num_sinks: PositiveInt = 4):
        self.num_sinks = num_sinks

    def allowed(self, query, key, head=0):
        return (key < self.num_sinks) & (key <= query)

    def some(self, box, head=0):
        return (box.key_first < self.num_sinks) & (box.farthest() >= 0)

    def every(self, box, head=0):
        return (box.key_last < self.num_sinks) & (box.nearest() >= 0)
