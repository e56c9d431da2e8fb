"""A sliding window with gaps: every `dilation`-th place, `back` of them back, `ahead` ahead.

Longformer's dilated window (arXiv 2004.05150, section 3.1). Without `back` there is no end to it,
and what is seen is a column of the text written in lines of `dilation`.
"""

import numpy as np

from zoo.attention.patterns import Pattern
from zoo.core.types import NonNegativeInt, PositiveInt

ENDLESS = 2**30
"""Farther than any text is long."""


class Dilated(Pattern):
    def __init__(
        self, back: NonNegativeInt | None, ahead: NonNegativeInt = 0, dilation: PositiveInt = 1
    ):
        self.back, self.ahead, self.dilation = back, ahead, dilation
        self.causal = ahead == 0
        self.farthest = ENDLESS if back is None else back * dilation
        self.nearest = -ahead * dilation

    def allowed(self, query, key, head=0):
        distance = query - key
        inside = (distance >= self.nearest) & (distance <= self.farthest)
        return inside & (distance % self.dilation == 0)

    def some(self, box, head=0):
        nearest = np.maximum(box.nearest(), self.nearest)
        farthest = np.minimum(box.farthest(), self.farthest)
        return farthest // self.dilation * self.dilation >= nearest

    def every(self, box, head=0):
        nearest, farthest = box.nearest(), box.farthest()
        one = (nearest == farthest) & (nearest % self.dilation == 0)
        inside = (nearest >= self.nearest) & (farthest <= self.farthest)
        return inside & (one | (self.dilation == 1))
