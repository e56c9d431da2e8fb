"""Who may attend to whom: pure functions of positions, without weights.

A pattern answers pair by pair (`allowed`) and, for the kernels, for whole boxes of pairs at once
(`some`, `every`), so that the tiles a kernel has to look at are found without ever making a table
of all pairs.
"""

from typing import Any

import numpy as np

from zoo.attention.patterns._draw import draw as draw
from zoo.attention.patterns._tiles import Box, Grid, Tiles, search
from zoo.core.kinds import Kind, class_name, find, kinds


class Pattern(Kind):
    """The contract of every pattern. Works alike on NumPy arrays and on tensors."""

    shelf = "attention/patterns"
    causal: bool = False
    """Whether no query ever attends to a later key."""
    shift_invariant: bool = True
    """Whether only the distance counts, not where in the text the pair stands."""
    by_head: bool = False
    """Whether heads differ."""
    listed: bool = False
    """Whether `tiles` lists what no box could find: links drawn at random."""
    block_size: int | None = None
    """The size of the blocks the pattern is made of, where it is made of blocks."""
    marks: tuple[str, ...] = ()
    """What must be told of each token when the model is called: `document_ids`, `global_mask`."""

    def allowed(self, query: Any, key: Any, head: Any = 0) -> Any:
        """Integer positions and heads that broadcast, say `q 1`, `1 k` and 0 -> bool `q k`."""
        raise NotImplementedError

    def sees(self, query: Any, key: Any, head: Any = 0, marks: Any = None) -> Any:
        """`allowed`, for tokens of which more is known: each of `marks` is what is told of the
        queries and of the keys, two arrays that broadcast like positions."""
        return self.allowed(query, key, head)

    def times(self, query: Any, key: Any, head: Any = 0) -> Any:
        """How often an allowed pair counts in the softmax, int; None when always once."""
        return None

    def some(self, box: Box, head: int = 0) -> Any:
        """Whether any pair in each box may be allowed. May be too generous, never too strict."""
        return np.ones(np.shape(box.query_first), bool)

    def every(self, box: Box, head: int = 0) -> Any:
        """Whether all pairs in each box are allowed. May be too strict, never too generous."""
        return np.zeros(np.shape(box.query_first), bool)

    def tiles(self, grid: Grid, head: int = 0) -> Tiles:
        """The tiles of a grid in which anything may be allowed. One that counts k times stands in
        the list k times."""
        return search(self, grid, head)

    def sized(self, length: int | None) -> "Pattern":
        """The pattern for texts of `length` places, where it depends on their number. Without a
        length it stays as it is, and what depends on one raises ValueError when asked."""
        return self

    def in_layer(self, layer: int) -> "Pattern":
        """The pattern in a layer of a model, counted from 0, where it depends on which it is."""
        return self

    def __and__(self, other: "Pattern") -> "Pattern":
        from zoo.attention.patterns.both import Both

        return Both([self, other])

    def __or__(self, other: "Pattern") -> "Pattern":
        from zoo.attention.patterns.either import Either

        return Either([self, other])


def __getattr__(name: str) -> Any:
    """Every pattern under the name of its class: `zoo.patterns.Local`."""
    named = {class_name(kind): kind for kind in kinds(Pattern.shelf)}
    if name not in named:
        raise AttributeError(f"no pattern is called {name}. There are: {', '.join(named)}.")
    return find(Pattern.shelf, named[name])
