"""A sliding window: the place itself, `back` places before it and `ahead` places after it."""

from zoo.attention.patterns import Pattern
from zoo.core.types import NonNegativeInt


class Local(Pattern):
    def __init__(self, back: NonNegativeInt, ahead: NonNegativeInt = 0):
        self.back, self.ahead = back, ahead
        self.causal = ahead == 0

    def allowed(self, query, key, head=0):
        return (key >= query - self.back) & (key <= query + self.ahead)

    def some(self, box, head=0):
        return (box.nearest() <= self.back) & (box.farthest() >= -self.ahead)

    def every(self, box, head=0):
        return (box.farthest() <= self.back) & (box.nearest() >= -self.ahead)
