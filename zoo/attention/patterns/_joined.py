"""What patterns made of patterns share."""

from zoo.attention.patterns import Pattern
from zoo.core.kinds import as_list, make


class Joined(Pattern):
    """The contract of patterns made of others."""

    def __init__(self, patterns: list[Pattern]):
        self.patterns = [make(Pattern, pattern) for pattern in as_list(patterns)]
        self.shift_invariant = all(pattern.shift_invariant for pattern in self.patterns)
        self.by_head = any(pattern.by_head for pattern in self.patterns)
        self.listed = any(pattern.listed for pattern in self.patterns)
        self.marks = tuple({mark: 0 for pattern in self.patterns for mark in pattern.marks})
        sizes = [pattern.block_size for pattern in self.patterns if pattern.block_size]
        self.block_size = min(sizes, default=None)

    def sized(self, length):
        return type(self)([pattern.sized(length) for pattern in self.patterns])

    def in_layer(self, layer):
        return type(self)([pattern.in_layer(layer) for pattern in self.patterns])
