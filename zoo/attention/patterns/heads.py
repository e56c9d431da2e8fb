"""The heads take turns: the first pattern for the first head, the second for the second, …

Each pattern counts the heads it gets from 0 on.
"""

import functools
import operator

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._joined import Joined
from zoo.attention.patterns._library import library


class Heads(Joined):
    def __init__(self, patterns: list[Pattern]):
        super().__init__(patterns)
        self.causal = all(pattern.causal for pattern in self.patterns)
        self.by_head = True

    def allowed(self, query, key, head=0):
        return self._turns(head, lambda pattern, own: pattern.allowed(query, key, own))

    def sees(self, query, key, head=0, marks=None):
        return self._turns(head, lambda pattern, own: pattern.sees(query, key, own, marks))

    def times(self, query, key, head=0):
        turn, own = head % len(self.patterns), head // len(self.patterns)
        found = [pattern.times(query, key, own) for pattern in self.patterns]
        if all(times is None for times in found):
            return None
        where = library(query, key, head).where
        ones = where(query == key, 1, 1)
        of_head = (where(turn == i, t, ones) for i, t in enumerate(found) if t is not None)
        return functools.reduce(operator.mul, of_head)

    def some(self, box, head=0):
        pattern, own = self._of(head)
        return pattern.some(box, own)

    def every(self, box, head=0):
        pattern, own = self._of(head)
        return pattern.every(box, own)

    def tiles(self, grid, head=0):
        pattern, own = self._of(head)
        return pattern.tiles(grid, own)

    def _of(self, head):
        """The pattern of a head, and which of the heads of that pattern it is."""
        return self.patterns[head % len(self.patterns)], head // len(self.patterns)

    def _turns(self, head, answer):
        turn, own = head % len(self.patterns), head // len(self.patterns)
        answers = ((turn == i) & answer(p, own) for i, p in enumerate(self.patterns))
        return functools.reduce(operator.or_, answers)
