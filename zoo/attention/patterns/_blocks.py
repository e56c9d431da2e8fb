"""What patterns share that link blocks of queries to blocks of keys."""

from typing import Any, NamedTuple

import numpy as np

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._tiles import Grid

NOWHERE = -(2**30)
"""The number of no block."""


class Linked(Pattern):
    """The contract of patterns of which only a list tells who is linked to whom."""

    listed = True
    shift_invariant = False
    block_size: int

    def some(self, box, head=0):
        """Exact where the queries lie in one block, and the keys too."""
        return ~self._in_one(box) | self.allowed(box.query_first, box.key_first, head)

    def every(self, box, head=0):
        return self._in_one(box) & self.allowed(box.query_first, box.key_first, head)

    def _in_one(self, box):
        query = box.query_first // self.block_size == box.query_last // self.block_size
        return query & (box.key_first // self.block_size == box.key_last // self.block_size)


class Cover(NamedTuple):
    """Tiles that hold some of the pairs of a link, by row and column, and how many pairs."""

    row: Any
    column: Any
    pairs: Any


def cover(row: Any, column: Any, size: int, grid: Grid) -> Cover:
    """Linked blocks of `size` by row and column, int64 -> the tiles of each link."""
    query = np.maximum(row * size, grid.first), row * size + size - 1
    query = query[0], np.minimum(query[1], grid.first + grid.num_queries - 1)
    key = column * size, np.minimum(column * size + size, grid.num_keys) - 1
    inside = (query[0] <= query[1]) & (key[0] <= key[1])
    rows, tall = _overlaps(*(place[inside] - grid.first for place in query), grid.size)
    columns, wide = _overlaps(*(place[inside] for place in key), grid.size)
    pairs = tall[:, :, None] * wide[:, None]
    rows, columns = np.broadcast_arrays(rows[:, :, None], columns[:, None])
    return Cover(rows[pairs > 0], columns[pairs > 0], pairs[pairs > 0])


def _overlaps(first, last, size):
    """Spans -> the tiles each may touch, and in how many places, both `… t`."""
    most = int(np.max(last // size - first // size, initial=0)) + 1
    tile = first[:, None] // size + np.arange(most)
    end = np.minimum(tile * size + size - 1, last[:, None])
    return tile, np.maximum(end - np.maximum(tile * size, first[:, None]) + 1, 0)
