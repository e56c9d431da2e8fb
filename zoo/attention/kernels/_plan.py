"""The plan of a table of scores: which blocks of keys each block of queries is multiplied with.

Blocks are numbered through all heads. A row with many blocks (a global token sees them all) is cut
into several lines, so that all lines are equally long and none inflates the others; the results of
its lines are put together by their sums of exponentials. The same plan read by key, the transposed
one, is what the backward pass walks along: so nothing is ever scattered.
"""

from typing import Any, NamedTuple

import numpy as np

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._tiles import Grid

LONGEST_LINE = 1024
"""In places; longer lines gain nothing."""


class Lines(NamedTuple):
    """Lines of equal length over blocks of one side of the table: NumPy, or tensors when only the
    running graph knows them."""

    row: Any
    """int32 `c`: the block each line belongs to. One beyond the last stands for none."""
    blocks: Any
    """int32 `c n`: the blocks it meets. One beyond the last stands for none."""
    checked: int
    """How many of the first blocks of a line have to be checked pair by pair."""
    filled: bool
    """Whether every block of every line is there, and full of places."""
    marked: bool = False
    """Whether only those pairs count that are allowed for what is told of their tokens alone."""

    def repeated(self, times: int, rows: int, blocks: int) -> "Lines":
        """The same lines for each text of a batch, where one has so many rows and blocks."""
        if times == 1:
            return self
        text = np.repeat(np.arange(times, dtype="int32"), len(self.row))
        row = np.tile(self.row, times) + text * rows
        met = np.tile(self.blocks, (times, 1))
        met = np.where(met == blocks, times * blocks, met + text[:, None] * blocks)
        return self._replace(row=row.astype("int32"), blocks=met.astype("int32"))


class Plan(NamedTuple):
    by_query: list[Lines]
    by_key: list[Lines]

    def repeated(self, times: int, queries: int, keys: int) -> "Plan":
        """The same plan for each text of a batch, of so many blocks of queries and of keys."""
        return Plan(
            [lines.repeated(times, queries, keys) for lines in self.by_query],
            [lines.repeated(times, keys, queries) for lines in self.by_key],
        )

    def joined(self, other: "Plan") -> "Plan":
        return Plan(self.by_query + other.by_query, self.by_key + other.by_key)


def plan(
    pattern: Pattern,
    grid: Grid,
    num_heads: int,
    num_key_value_heads: int,
    sure: bool = True,
    first_head: int = 0,
) -> Plan:
    """The plan of `pattern` over so many heads, from `first_head` of a layer on. Unless it is
    `sure`, every pair is to be checked."""
    rows, columns = grid.rows(), grid.columns()
    same = None if pattern.by_head else pattern.tiles(grid)
    query, key, whole = [], [], []
    for head in range(num_heads):
        tiles = same or pattern.tiles(grid, first_head + head)
        group = head * num_key_value_heads // num_heads
        query.append(tiles.row + head * rows)
        key.append(tiles.column + group * columns)
        whole.append(tiles.whole & sure)
    query, key, whole = (np.concatenate(parts) for parts in (query, key, whole))
    full = np.ones((num_key_value_heads, columns), bool)
    full[:, -1] = grid.num_keys % grid.size == 0
    by_query = lines(query, key, whole, grid.size, full.ravel())
    by_key = lines(key, query, whole, grid.size, np.ones(num_heads * rows, bool))
    return Plan(by_query, by_key)


def lines(row, block, whole, size: int, full) -> list[Lines]:
    """Pairs of blocks -> lines: those that need no checking, and the others. `full` says of every
    block whether it is full of places."""
    order = np.lexsort((block, whole, row))
    row, block, whole = row[order], block[order], whole[order]
    found, start, count = np.unique(row, return_index=True, return_counts=True)
    length = best_length(count, max(1, LONGEST_LINE // size))
    pieces = -(-count // length)
    place = np.arange(len(row)) - np.repeat(start, count)
    line = np.repeat(np.cumsum(pieces) - pieces, count) + place // length
    blocks = np.full((pieces.sum(), length), len(full), "int32")
    blocks[line, place % length] = block
    partial = np.bincount(line[~whole], minlength=len(blocks))
    row = np.repeat(found, pieces).astype("int32")
    filled = np.append(full, False)[blocks].all(axis=1)
    groups = [(partial == 0) & filled, (partial > 0) | ~filled]
    return [
        Lines(row[of], blocks[of], int(partial[of].max()), bool(filled[of].all()))
        for of in groups
        if of.any()
    ]


def best_length(count: np.ndarray, longest: int) -> int:
    """The length of line that wastes least: every line costs about one block more than it holds."""
    lengths = np.arange(1, longest + 1)
    pieces = -(-count[None] // lengths[:, None])
    return int(lengths[np.argmin(pieces.sum(axis=1) * (lengths + 1))])
