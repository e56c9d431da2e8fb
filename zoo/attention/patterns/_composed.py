"""What patterns share that are only a name for a combination of others."""

from zoo.attention.patterns import Pattern


class Composed(Pattern):
    """The contract of patterns that are, inside, another one, in which every pair counts once and
    which need not know the length of the text."""

    def compose(self, inner: Pattern) -> None:
        """Be `inner`; for the end of a constructor."""
        self.inner = inner
        self.causal, self.shift_invariant = inner.causal, inner.shift_invariant
        self.by_head, self.listed = inner.by_head, inner.listed
        self.block_size, self.marks = inner.block_size, inner.marks

    def allowed(self, query, key, head=0):
        return self.inner.allowed(query, key, head)

    def sees(self, query, key, head=0, marks=None):
        return self.inner.sees(query, key, head, marks)

    def some(self, box, head=0):
        return self.inner.some(box, head)

    def every(self, box, head=0):
        return self.inner.every(box, head)

    def tiles(self, grid, head=0):
        return self.inner.tiles(grid, head)
