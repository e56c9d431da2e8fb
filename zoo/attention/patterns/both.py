"""Only what every one of several patterns allows: `causal & local`."""

import functools
import operator

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._joined import Joined
from zoo.attention.patterns._tiles import meet, search


class Both(Joined):
    def __init__(self, patterns: list[Pattern]):
        super().__init__(patterns)
        self.causal = any(pattern.causal for pattern in self.patterns)

    def allowed(self, query, key, head=0):
        return self._all(pattern.allowed(query, key, head) for pattern in self.patterns)

    def sees(self, query, key, head=0, marks=None):
        return self._all(pattern.sees(query, key, head, marks) for pattern in self.patterns)

    def times(self, query, key, head=0):
        found = [pattern.times(query, key, head) for pattern in self.patterns]
        found = [times for times in found if times is not None]
        return functools.reduce(operator.mul, found) if found else None

    def some(self, box, head=0):
        return self._all(pattern.some(box, head) for pattern in self.patterns)

    def every(self, box, head=0):
        return self._all(pattern.every(box, head) for pattern in self.patterns)

    def tiles(self, grid, head=0):
        """Those of the patterns that list their own, less what the others rule out."""
        lists = [pattern for pattern in self.patterns if pattern.listed]
        if not lists:
            return search(self, grid, head)
        found = functools.reduce(meet, (pattern.tiles(grid, head) for pattern in lists))
        for other in (pattern for pattern in self.patterns if not pattern.listed):
            found = found.keep(other.some(grid.box(found.row, found.column), head))
            every = other.every(grid.box(found.row, found.column), head)
            found = found._replace(whole=found.whole & every)
        return found

    @staticmethod
    def _all(answers):
        return functools.reduce(operator.and_, answers)
