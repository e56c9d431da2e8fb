"""Which square tiles of a table of pairs a pattern touches, found from coarse to fine.

A box that holds nothing is dropped with all that is in it; only the others are cut in four. So the
work grows with the tiles found, not with the square of the length.
"""

from typing import Any, NamedTuple

import numpy as np


class Box(NamedTuple):
    """Boxes of pairs: queries and keys from the first to the last, both included."""

    query_first: Any
    query_last: Any
    key_first: Any
    key_last: Any

    def nearest(self) -> Any:
        """The smallest distance query - key in each box."""
        return self.query_first - self.key_last

    def farthest(self) -> Any:
        """The largest distance query - key in each box."""
        return self.query_last - self.key_first


class Grid(NamedTuple):
    """`num_queries` queries from place `first` on, and keys from place 0 on, in tiles of `size`."""

    size: int
    num_queries: int
    num_keys: int
    first: int = 0

    def rows(self) -> int:
        return -(-self.num_queries // self.size)

    def columns(self) -> int:
        return -(-self.num_keys // self.size)

    def box(self, row: Any, column: Any, side: int = 1) -> Box:
        """The pairs in `side` × `side` tiles, from the `row * side`-th on; cut at the edges."""
        span = self.size * side
        last_query, last_key = self.first + self.num_queries - 1, self.num_keys - 1
        query, key = self.first + row * span, column * span
        return Box(
            query,
            np.minimum(query + span - 1, last_query),
            key,
            np.minimum(key + span - 1, last_key),
        )


class Tiles(NamedTuple):
    """Tiles by row and column, int64; `whole` is True where every pair of one is allowed."""

    row: Any
    column: Any
    whole: Any

    def keep(self, which: Any) -> "Tiles":
        return Tiles(self.row[which], self.column[which], self.whole[which])


def search(pattern: Any, grid: Grid, head: int) -> Tiles:
    """All tiles in which the pattern may allow anything."""
    side = 1 << (max(grid.rows(), grid.columns()) - 1).bit_length()
    row = column = np.zeros(1, "int64")
    while True:
        inside = (row * side < grid.rows()) & (column * side < grid.columns())
        row, column = row[inside], column[inside]
        found = pattern.some(grid.box(row, column, side), head)
        row, column = row[found], column[found]
        if side == 1:
            return Tiles(row, column, pattern.every(grid.box(row, column), head))
        side //= 2
        row = np.concatenate([2 * row, 2 * row, 2 * row + 1, 2 * row + 1])
        column = np.concatenate([2 * column, 2 * column + 1, 2 * column, 2 * column + 1])


def meet(some: Tiles, others: Tiles) -> Tiles:
    """The tiles in both lists; one that is a times in one and b times in the other, a · b times."""
    columns = max(np.max(some.column, initial=0), np.max(others.column, initial=0)) + 1
    name, place, count = np.unique(
        others.row * columns + others.column, return_index=True, return_counts=True
    )
    wanted = some.row * columns + some.column
    known = np.isin(wanted, name)
    found = np.searchsorted(name, wanted[known])
    both = some.keep(known)
    both = both._replace(whole=both.whole & others.whole[place[found]])
    return both.keep(np.repeat(np.arange(len(found)), count[found]))
