"""Whatever any one of several patterns allows: `local | global_tokens`."""

import functools
import operator

import numpy as np

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._joined import Joined
from zoo.attention.patterns._tiles import Tiles, search


class Either(Joined):
    def __init__(self, patterns: list[Pattern]):
        super().__init__(patterns)
        self.causal = all(pattern.causal for pattern in self.patterns)

    def allowed(self, query, key, head=0):
        return self._any(pattern.allowed(query, key, head) for pattern in self.patterns)

    def sees(self, query, key, head=0, marks=None):
        return self._any(pattern.sees(query, key, head, marks) for pattern in self.patterns)

    def some(self, box, head=0):
        return self._any(pattern.some(box, head) for pattern in self.patterns)

    def every(self, box, head=0):
        return self._any(pattern.every(box, head) for pattern in self.patterns)

    def tiles(self, grid, head=0):
        """Those of each, once."""
        if not self.listed:
            return search(self, grid, head)
        lists = [pattern.tiles(grid, head) for pattern in self.patterns]
        row, column, whole = (np.concatenate(parts) for parts in zip(*lists))
        first = np.lexsort((~whole, column, row))
        row, column, whole = row[first], column[first], whole[first]
        new = np.append(True, (np.diff(row) != 0) | (np.diff(column) != 0))[: len(row)]
        every = self.every(grid.box(row[new], column[new]), head)
        return Tiles(row[new], column[new], whole[new] | every)

    @staticmethod
    def _any(answers):
        return functools.reduce(operator.or_, answers)
