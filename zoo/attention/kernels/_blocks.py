"""Blocks of places, numbered through all heads, and walks along the lines of a plan."""

from typing import Any

import numpy as np
from keras import ops

from zoo.attention.kernels import HIDDEN, Rules
from zoo.attention.kernels._plan import Lines
from zoo.attention.patterns._tiles import Grid
from zoo.core.loops import scan
from zoo.core.places import Tile, told

GLOBAL = "global_mask"
SCORES_AT_ONCE = 2**20
"""About what the cache of a processor holds."""


class Blocks:
    """Where the blocks of a table of scores stand, and what is known of them.

    With `texts`, the texts of a batch are rows of one table: b is 1, and blocks are numbered
    through all heads of all texts. `padded` says whether any key may be no token, `full` whether
    the last block of keys is full.
    """

    def __init__(
        self, rules: Rules, grid: Grid, num_heads: int, num_groups: int, texts: int | None = None
    ):
        self.rules, self.grid, self.num_heads, self.texts = rules, grid, num_heads, texts
        self.count = num_groups * grid.columns() * (texts or 1)
        tokens = rules.places.tokens()
        self.padded, self.full = tokens is not None, grid.num_keys % grid.size == 0
        self.padding = self._padding(tokens, num_groups) if self.padded else None

    def _padding(self, tokens, num_groups):
        """bool `b k` of tokens -> float32 `b c s`: HIDDEN for what is none."""
        missing = self.grid.columns() * self.grid.size - self.grid.num_keys
        hidden = ops.cast(ops.where(tokens, 0.0, HIDDEN), "float32")
        hidden = ops.pad(hidden, ((0, 0), (0, missing)), constant_values=HIDDEN)
        hidden = ops.reshape(hidden, (-1, self.grid.columns(), self.grid.size))
        hidden = ops.tile(hidden, (1, num_groups, 1))
        if self.texts:
            hidden = ops.broadcast_to(hidden, (self.texts, *ops.shape(hidden)[1:]))
            hidden = ops.reshape(hidden, (1, -1, self.grid.size))
        return with_none(hidden, HIDDEN)

    def bias(self, index: Any) -> Any:
        """What to add to the scores of keys in blocks of an index: float32 `b … s`, 0 for tokens,
        HIDDEN for others."""
        if self.padded:
            return take(self.padding, index)
        first = index % self.grid.columns() * self.grid.size
        there = first[..., None] + np.arange(self.grid.size) < self.grid.num_keys
        there = ops.logical_and(there, (index < self.count)[..., None])
        return ops.where(there, 0.0, HIDDEN)[None]

    def cut(self, heads: Any) -> Any:
        """`b h t e` -> `b c s e`."""
        batch, num_heads, length, size = ops.shape(heads)
        missing = -length % self.grid.size
        if missing:
            heads = ops.pad(heads, ((0, 0), (0, 0), (0, missing), (0, 0)))
        blocks = num_heads * (length + missing) // self.grid.size
        if self.texts:
            batch, blocks = 1, self.texts * blocks
        return ops.reshape(heads, (batch, blocks, self.grid.size, size))

    def joined(self, blocks: Any) -> Any:
        """`b c s …` of queries -> `b h q …`."""
        batch, _, _, *rest = ops.shape(blocks)
        places = self.grid.rows() * self.grid.size
        batch = self.texts or batch
        heads = ops.reshape(blocks, (batch, self.num_heads, places, *rest))
        return heads[:, :, : self.grid.num_queries]

    def by_query(self, rows: Any, blocks: Any) -> Tile:
        """Blocks of queries `c`, each against n blocks of keys, `c n`."""
        return self._tile(rows, blocks)

    def by_key(self, rows: Any, blocks: Any) -> Tile:
        """Blocks of keys `c`, each against n blocks of queries, `c n`: a tile of c · n rows."""
        count = ops.shape(blocks)[1]
        return self._tile(ops.reshape(blocks, (-1,)), ops.repeat(rows, count)[:, None])

    def _tile(self, query, key):
        within, rows = np.arange(self.grid.size, dtype="int32"), self.grid.rows()
        head = ops.minimum(query // rows, (self.texts or 1) * self.num_heads - 1)
        text = head // self.num_heads if self.texts else None
        query = self.grid.first + (query % rows * self.grid.size)[:, None] + within
        key = (key % self.grid.columns() * self.grid.size)[..., None] + within
        places = self.rules.places
        head = self.rules.first_head + head % self.num_heads
        return Tile(head, query, key, places.farthest(), places.shift, text=text)

    def seen(self, tile: Tile, marked: bool = False) -> Any:
        """Whether the pattern lets queries attend to keys, bool `… c q x`; with `marked`, whether
        only the marks of the tokens let them."""
        query = ops.minimum(tile.query - self.grid.first, self.grid.num_queries - 1)
        key = ops.minimum(tile.key, self.grid.num_keys - 1)
        marks = {
            name: (
                told(of_queries, query, tile.text)[..., None, None],
                told(of_keys, key, tile.text)[:, :, None],
            )
            for name, (of_queries, of_keys) in self.rules.places.marks.items()
        }
        if not self.texts or GLOBAL not in marks:
            return self.rules.seen(tile, marks)
        without = {**marks, GLOBAL: tuple(ops.zeros_like(mark) for mark in marks[GLOBAL])}
        alone = self.rules.seen(tile, without)
        if not marked:
            return alone
        return ops.logical_and(self.rules.seen(tile, marks), ops.logical_not(alone))

    def walk(self, groups: list[Lines], body: Any, carry: Any, like: Any) -> tuple[Any, list]:
        """`carry, outs = body(carry, (rows, blocks), lines)` along all lines, some at a time.

        Returns the last carry, and the outs `c b …` of all lines.
        """
        found = []
        for lines in groups:
            chunks = self._chunks(lines, like.shape[0] or 1)
            carry, outs = scan(
                lambda carry, line, lines=lines: body(carry, line, lines),
                carry,
                chunks,
                chunks[0].shape[0],
            )
            whole = [ops.reshape(out, (-1, *ops.shape(out)[2:])) for out in outs]
            found.append([out[: lines.row.shape[0]] for out in whole])
        return carry, [ops.concatenate(outs) for outs in zip(*found)]

    def _chunks(self, lines, batch):
        """The lines, so many at a time that their scores stay in the cache: `i c` and `i c n`."""
        count, length = lines.blocks.shape
        at_once = max(1, SCORES_AT_ONCE // (batch * length * self.grid.size**2))
        steps = -(-count // at_once)
        each = -(-count // steps)
        wanted = np.minimum(np.arange(steps * each), count - 1)
        if isinstance(lines.row, np.ndarray):
            row, blocks = lines.row[wanted], lines.blocks[wanted]
        else:
            row, blocks = ops.take(lines.row, wanted), ops.take(lines.blocks, wanted, axis=0)
        return ops.reshape(row, (steps, each)), ops.reshape(blocks, (steps, each, length))


def take(blocks: Any, index: Any) -> Any:
    """Blocks `b c s …` at an index -> `b … s …`. The last block stands in for none."""
    return ops.take(blocks, ops.minimum(index, ops.shape(blocks)[1] - 1), axis=1)


def take_line(blocks: Any, index: Any) -> Any:
    """Blocks `b c s …` at an index `c n` -> `b c x …`, x = n · s."""
    return in_line(take(blocks, index))


def in_line(blocks: Any) -> Any:
    """`b c n s …` -> `b c x …`, x = n · s."""
    batch, lines, count, size, *rest = ops.shape(blocks)
    return ops.reshape(blocks, (batch, lines, count * size, *rest))


def with_none(x: Any, value: float) -> Any:
    """`b c s` and a block more, for none."""
    return ops.pad(x, ((0, 0), (0, 1), (0, 0)), constant_values=value)


def sum_by_row(groups: list[Lines], part: Any, num_rows: int) -> Any:
    """What lines give, `c b …`, summed by their rows: `c b …`."""
    if all(isinstance(lines.row, np.ndarray) for lines in groups):
        return ops.segment_sum(part, all_rows(groups), num_rows)
    return ops.segment_sum(part, all_rows(groups), num_rows + 1)[:-1]


def all_rows(groups: list[Lines]) -> Any:
    """int32 `c`: the rows of all lines, in order."""
    return ops.concatenate([ops.convert_to_tensor(lines.row) for lines in groups])


def by_line(x: Any) -> Any:
    """`b c …` -> `c b …`, and back."""
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))
