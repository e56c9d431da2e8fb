"""Whatever any one of several patterns allows: `local | global_tokens`."""

import functools
import operator

from zoo.attention.patterns import Pattern
from zoo.core.kinds import as_list, make


class Either(Pattern):
    def __init__(self, patterns: list[Pattern]):
        self.patterns = [make(Pattern, pattern) for pattern in as_list(patterns)]
        self.causal = all(pattern.causal for pattern in self.patterns)
        self.shift_invariant = all(pattern.shift_invariant for pattern in self.patterns)

    def allowed(self, query, key):
        seen = (pattern.allowed(query, key) for pattern in self.patterns)
        return functools.reduce(operator.or_, seen)
