"""A square of an image."""

import numpy as np

from zoo.attention.patterns import Pattern


class Square(Pattern):
    """At most `reach` rows and columns away, and not later, in an image of lines of `width`."""

    causal = True
    shift_invariant = False

    def __init__(self, width: int, reach: int):
        self.width, self.reach = width, reach

    def allowed(self, query, key, head=0):
        down = query // self.width - key // self.width
        aside = query % self.width - key % self.width
        near = (aside >= -self.reach) & (aside <= self.reach)
        return near & (down <= self.reach) & (key <= query)

    def some(self, box, head=0):
        """By distance, as if lines had no ends, and by columns."""
        nearest = np.maximum(box.nearest(), 0) + self.reach
        off = nearest % self.width - 2 * self.reach
        next_near = nearest + np.where(off > 0, self.width - 2 * self.reach - off, 0)
        last = np.minimum(box.farthest(), self.reach * (self.width + 1)) + self.reach
        query, key = self._columns(box)
        beside = np.maximum(key[0] - query[1], query[0] - key[1]) <= self.reach
        return (next_near <= last) & beside

    def every(self, box, head=0):
        rows = box.query_last // self.width - box.key_first // self.width
        query, key = self._columns(box)
        aside = np.maximum(query[1] - key[0], key[1] - query[0])
        return (rows <= self.reach) & (aside <= self.reach) & (box.nearest() >= 0)

    def _columns(self, box):
        """The first and last column of the queries and of the keys; all, where they are in more
        rows than one."""
        for first, last in (box[:2], box[2:]):
            one = first // self.width == last // self.width
            left = np.where(one, first % self.width, 0)
            yield left, np.where(one, last % self.width, self.width - 1)
