"""Some tokens see everyone and are seen by everyone (Longformer, ETC, BigBird).

Those at `positions` are the same in every text. With `marked` there are those of `global_mask` too,
told token by token when the model is called: bool, True for a global token.
"""

import functools
import operator

import numpy as np

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._told import told
from zoo.core.types import NonNegativeInt


class GlobalTokens(Pattern):
    def __init__(self, positions: list[NonNegativeInt] | None = None, marked: bool = False):
        if not positions and not marked:
            raise ValueError("no token is global: give positions, or marked: true.")
        if min(positions or [0]) < 0:
            raise ValueError(f"positions count from 0; found {min(positions)}.")
        self.positions, self.marked = positions, marked
        self.sorted = np.unique(np.array(positions or [], "int64"))
        self.shift_invariant = not positions
        self.marks = ("global_mask",) if marked else ()

    def allowed(self, query, key, head=0):
        return self._among(query) | self._among(key)

    def sees(self, query, key, head=0, marks=None):
        seen = self.allowed(query, key)
        if not self.marked:
            return seen
        of_query, of_key = told(marks, "global_mask")
        return seen | of_query | of_key

    def some(self, box, head=0):
        queries = self._count(box.query_first, box.query_last)
        return (queries > 0) | (self._count(box.key_first, box.key_last) > 0)

    def every(self, box, head=0):
        queries = self._count(box.query_first, box.query_last)
        keys = self._count(box.key_first, box.key_last)
        all_queries = queries > box.query_last - box.query_first
        return all_queries | (keys > box.key_last - box.key_first)

    def _among(self, places):
        found = (places == int(position) for position in self.sorted)
        return functools.reduce(operator.or_, found, places != places)

    def _count(self, first, last):
        """How many of the positions lie from `first` to `last`."""
        up_to = np.searchsorted(self.sorted, last, side="right")
        return up_to - np.searchsorted(self.sorted, first)
