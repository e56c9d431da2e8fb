"""Attention tile by tile: time by the tiles a pattern touches, memory by the length.

The forward pass keeps nothing but its answer and, for each query, the logarithm of its sum of
exponentials (Dao et al. 2022, section 3.1); the backward pass makes the tiles again, once by query
and once by key.
"""

from typing import Any

from keras import ops, tree

from zoo.attention.kernels import HIDDEN, Rules
from zoo.attention.kernels._blocks import (
    Blocks,
    all_rows,
    by_line,
    in_line,
    sum_by_row,
    take,
    take_line,
    with_none,
)
from zoo.attention.kernels._plan import Lines, Plan
from zoo.attention.kernels._softmax import weights_again
from zoo.core.loops import pullback


class Tiled:
    """Queries and keys are `b c s e`: blocks of s places, numbered through all heads. In a line of
    the plan a block of one side meets n blocks of the other."""

    def __init__(self, rules: Rules, plan: Plan, blocks: Blocks):
        self.rules, self.plan, self.blocks = rules, plan, blocks

    def __call__(self, query: Any, key: Any, value: Any) -> tuple[Any, Any]:
        """Scaled query `b h q e`, key and value `b g k e` -> `b h q e` and float32 `b h q`."""

        @ops.custom_gradient
        def run(query, key, value, *tables):
            heads, log_sum = self.forward(query, key, value, tables)

            def gradient(*into, upstream=None):
                into_heads, into_log_sum = tree.flatten(into if upstream is None else upstream)
                slack = ops.sum(ops.cast(into_heads * heads, "float32"), axis=-1) - into_log_sum
                # Whoever sees nothing learns nothing; nor does the block that is none.
                known = ops.where(log_sum <= HIDDEN / 2, -HIDDEN, log_sum)
                known, slack = with_none(known, -HIDDEN), with_none(slack, 0.0)
                sides = query, key, value, list(tables), into_heads, known, slack
                into_query, into_tables = self.backward_by_query(*sides)
                return into_query, *self.backward_by_key(*sides), *into_tables

            return (heads, log_sum), gradient

        cut = [self.blocks.cut(x) for x in (query, key, value)]
        heads, log_sum = run(*cut, *self.rules.tables)
        return self.blocks.joined(heads), self.blocks.joined(log_sum)

    def forward(self, query, key, value, tables):
        """-> `b c s e`, and `b c s`."""

        def body(carry, line, lines):
            rows, blocks = line
            asked, tile = take(query, rows), self.blocks.by_query(rows, blocks)
            scores = self._score(asked, take_line(key, blocks), tables, tile)
            scores = self._hide_keys(scores, rows, blocks, lines)
            highest = ops.max(scores, axis=-1)
            weights = ops.exp(scores - highest[..., None])
            heads = self._weigh(weights, take_line(value, blocks), tables, tile)
            return carry, [by_line(x) for x in (heads, highest, ops.sum(weights, axis=-1))]

        _, parts = self.blocks.walk(self.plan.by_query, body, (), query)
        return _put_together(self.plan.by_query, *parts, ops.shape(query)[1], query.dtype)

    def backward_by_query(self, query, key, value, tables, into_heads, log_sum, slack):
        """Gradients of the queries, `b c s e`, and of each of the tables."""

        def body(carry, line, lines):
            rows, blocks = line
            asked, of, total, less = (take(x, rows) for x in (query, into_heads, log_sum, slack))
            offered, values = take_line(key, blocks), take_line(value, blocks)
            tile = self.blocks.by_query(rows, blocks)

            def score(asked, *tables):
                return self._score(asked, offered, tables, tile)

            def weigh(weights, *tables):
                return self._weigh(weights, values, tables, tile)

            scores, turn = pullback(score, [asked, *tables])
            scores = self._hide_keys(scores, rows, blocks, lines)
            weights = weights_again(scores, total)
            _, turn_weights = pullback(weigh, [weights, *tables])
            into_weights, *more = turn_weights(ops.cast(of, "float32"))
            into_query, *into = turn(weights * (into_weights - less[..., None]))
            return [old + a + b for old, a, b in zip(carry, into, more)], [by_line(into_query)]

        empty = [ops.zeros_like(table) for table in tables]
        into_tables, parts = self.blocks.walk(self.plan.by_query, body, empty, query)
        return self._rows_of(self.plan.by_query, parts[0], query), into_tables

    def backward_by_key(self, query, key, value, tables, into_heads, log_sum, slack):
        """Gradients of the keys and of the values, each `b c s e`."""

        def body(carry, line, lines):
            rows, blocks = line
            asked, of, total, less = (
                take_line(x, blocks) for x in (query, into_heads, log_sum, slack)
            )
            tile = self.blocks.by_key(rows, blocks)

            def score(offered):
                return self._score(asked, offered, tables, tile)

            def weigh(weights, values):
                return self._weigh(weights, values, tables, tile)

            scores, turn = pullback(score, [take(key, rows)])
            scores = self._hide_queries(scores, rows, blocks, lines)
            weights = weights_again(scores, total)
            _, turn_weights = pullback(weigh, [weights, take(value, rows)])
            into_weights, into_value = turn_weights(ops.cast(of, "float32"))
            (into_key,) = turn(weights * (into_weights - less[..., None]))
            return carry, [by_line(into_key), by_line(into_value)]

        _, parts = self.blocks.walk(self.plan.by_key, body, (), key)
        return [self._rows_of(self.plan.by_key, part, key) for part in parts]

    def _rows_of(self, groups, part, like):
        """What lines give, `c b s e`, summed by row: like `b c s e`."""
        return by_line(ops.cast(sum_by_row(groups, part, ops.shape(like)[1]), like.dtype))

    def _score(self, query, key, tables, tile):
        """`b c q e` and `b c k e` -> float32 `b c q k`. In a tile by key, q is n · s; its own rows
        are of s queries."""
        content = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        scores = self.rules.scores(_rows(content, tile), _rows(query, tile), tables, tile)
        return ops.reshape(scores, ops.shape(content))

    def _weigh(self, weights, value, tables, tile):
        """`b c q k` and `b c k e` -> float32 `b c q e`."""
        shape, kept = ops.shape(weights), ops.cast(weights, value.dtype)
        if self.rules.drop is not None:
            kept = ops.reshape(self.rules.drop(_rows(kept, tile), tile), shape)
        heads = ops.matmul(kept, value)
        extra = self.rules.position.answer(_rows(kept, tile), tables, tile)
        if extra is not None:
            heads = heads + ops.reshape(extra, ops.shape(heads))
        return ops.cast(heads, "float32")

    def _hide_keys(self, scores, rows, blocks, lines: Lines):
        """Scores `b c s x` of lines by query, those of pairs that are not allowed hidden."""
        if self.blocks.padded or not lines.filled:
            scores = scores + ops.expand_dims(in_line(self.blocks.bias(blocks)), 2)
        if not lines.checked:
            return scores
        seen = self.blocks.seen(
            self.blocks.by_query(rows, blocks[:, : lines.checked]), lines.marked
        )
        until = lines.checked * self.blocks.grid.size
        checked = ops.where(seen, scores[..., :until], HIDDEN)
        return ops.concatenate([checked, scores[..., until:]], axis=-1)

    def _hide_queries(self, scores, rows, blocks, lines: Lines):
        """Scores `b c x s` of lines by key, those of pairs that are not allowed hidden."""
        if self.blocks.padded or not self.blocks.full:
            scores = scores + ops.expand_dims(self.blocks.bias(rows), 2)
        if not lines.checked:
            return scores
        tile = self.blocks.by_key(rows, blocks[:, : lines.checked])
        seen = self.blocks.seen(tile, lines.marked)
        size = self.blocks.grid.size
        until = lines.checked * size
        seen = ops.reshape(seen, (-1, ops.shape(rows)[0], until, size))
        checked = ops.where(seen, scores[:, :, :until], HIDDEN)
        return ops.concatenate([checked, scores[:, :, until:]], axis=2)


def _rows(x: Any, tile: Any) -> Any:
    """`b c … …` with the rows of the tile as c."""
    batch, _, _, size = ops.shape(x)
    return ops.reshape(x, (batch, ops.shape(tile.head)[0], -1, size))


def _put_together(groups: list[Lines], heads, highest, total, num_rows, dtype):
    """Results of lines, `c b s e` and `c b s`, into those of rows, `b c s e` and `b c s`."""
    row = all_rows(groups)
    top = ops.maximum(ops.segment_max(highest, row, num_rows + 1), HIDDEN)
    share = ops.exp(highest - ops.take(top, row, axis=0))
    top = top[:-1]
    total = sum_by_row(groups, total * share, num_rows)
    heads = sum_by_row(groups, heads * share[..., None], num_rows)
    blind = top <= HIDDEN / 2
    total = ops.where(blind, 1.0, total)
    heads = ops.where(blind[..., None], 0.0, heads / total[..., None])
    log_sum = ops.where(blind, HIDDEN, top + ops.log(total))
    return by_line(ops.cast(heads, dtype)), by_line(log_sum)
