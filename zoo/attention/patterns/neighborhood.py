"""A picture, row by row: a place sees the square around it, cut at the edges.

Local attention of stand-alone self-attention (Ramachandran et al. 2019, arXiv 1906.05909, section
3.1), in a picture of lines of `width` places.
"""

import numpy as np

from zoo.attention.patterns import Pattern
from zoo.core.types import PositiveInt


class Neighborhood(Pattern):
    shift_invariant = False

    def __init__(self, width: PositiveInt, kernel_size: PositiveInt = 7):
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size {kernel_size} must be odd: the place is its centre.")
        self.width, self.kernel_size = width, kernel_size
        self.reach = kernel_size // 2

    def allowed(self, query, key, head=0):
        down = query // self.width - key // self.width
        aside = query % self.width - key % self.width
        inside = (down >= -self.reach) & (down <= self.reach)
        return inside & (aside >= -self.reach) & (aside <= self.reach)

    def some(self, box, head=0):
        pairs = (self._rows(box), self._columns(box))
        apart = [np.maximum(key[0] - query[1], query[0] - key[1]) for query, key in pairs]
        return (apart[0] <= self.reach) & (apart[1] <= self.reach)

    def every(self, box, head=0):
        pairs = (self._rows(box), self._columns(box))
        apart = [np.maximum(query[1] - key[0], key[1] - query[0]) for query, key in pairs]
        return (apart[0] <= self.reach) & (apart[1] <= self.reach)

    def _rows(self, box):
        """The first and last row of the queries and of the keys."""
        return [(first // self.width, last // self.width) for first, last in (box[:2], box[2:])]

    def _columns(self, box):
        """The first and last column; all, where they are in more rows than one."""
        one = [first == last for first, last in self._rows(box)]
        ends = [(first % self.width, last % self.width) for first, last in (box[:2], box[2:])]
        whole = (0, self.width - 1)
        return [
            tuple(np.where(alone, end, edge) for end, edge in zip(pair, whole))
            for alone, pair in zip(one, ends)
        ]
