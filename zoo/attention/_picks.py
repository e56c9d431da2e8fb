"""Attention in which every block of queries picks blocks of keys: what is picked, and two ways to
compute it."""

from typing import Any

import numpy as np
from keras import ops

from zoo.attention.kernels import HIDDEN, Kernel
from zoo.attention.kernels._blocks import Blocks
from zoo.attention.kernels._pairs import plan_of_lines
from zoo.attention.kernels._plan import plan
from zoo.attention.kernels._tiled import Tiled
from zoo.attention.kernels.dense import Dense
from zoo.attention.patterns import Pattern
from zoo.attention.patterns._tiles import Grid


class Picks(Kernel):
    """`near` is attended to anyway. `asked`, `b h x e`, are the queries of the last block and the
    present ones; None where the text begins with the present ones."""

    def __init__(self, near: Pattern, block_size: int, top_k: int, asked: Any = None):
        self.near, self.block_size, self.top_k, self.asked = near, block_size, top_k, asked

    def attend(self, query, key, value, rules):
        known = rules.places.known() and query.shape[0] is not None
        if known and self.asked is None:
            return self._tiled(query, key, value, rules)
        mask = self.mask(query, key, rules)
        return Dense().attend(query, key, value, rules._replace(mask=mask))

    def mask(self, query, key, rules):
        """Which pairs are attended to, bool `b h q k`."""
        places, size = rules.places, self.block_size
        at, key_at = places.query_positions(), places.key_positions()
        start = 0 if places.shift is None else places.shift[:, None] // size
        of_query, of_key = at // size - start, key_at // size - start
        num_blocks = (ops.shape(key)[2] + size - 1) // size + 1
        block = ops.reshape(ops.arange(num_blocks) + start, (-1, num_blocks))
        keys, filled = self._means(key, places.tokens(), of_key, num_blocks)
        asked = self._asked(query, places, of_query, num_blocks)
        index, could = self._picked(asked, keys, filled, at // size, block)
        chosen = index[..., None] == np.arange(num_blocks)
        chosen = ops.any(ops.logical_and(chosen, could[..., None]), axis=3)
        shape = (*ops.shape(chosen)[:3], ops.shape(key)[2])
        of_key = ops.broadcast_to(of_key[:, None, None], shape)
        near = self.near.allowed(at[:, None, :, None], key_at[:, None, None])
        return ops.logical_or(ops.take_along_axis(chosen, of_key, axis=3), near)

    def _asked(self, query, places, block, num_blocks):
        """What every query picks by, `b h q e`: the first query of its block, or their mean."""
        if not self.near.causal:
            means, _ = self._means(query, places.tokens(), block, num_blocks)
            return ops.take(means, block[0], axis=2)
        asked = query if self.asked is None else self.asked
        batch, _, length, _ = ops.shape(query)
        here = ops.shape(asked)[2] - length + places.query - places.query[:1]
        first = ops.broadcast_to(here - places.query_positions() % self.block_size, (batch, length))
        return ops.take_along_axis(asked, first[:, None, :, None], axis=2)

    def _tiled(self, query, key, value, rules):
        texts, heads, length, _ = query.shape
        groups, size = key.shape[1], self.block_size
        grid = Grid(size, length, key.shape[2])
        rows, columns = grid.rows(), grid.columns()
        block = np.arange(columns, dtype="int32")
        tokens = rules.places.tokens()
        keys, filled = self._block_means(key, tokens)
        asked = query[:, :, ::size] if self.near.causal else self._block_means(query, tokens)[0]
        index, could = self._picked(asked, keys, filled, block[None, :rows], block[None])
        text, head = np.arange(texts)[:, None, None], np.arange(heads)[None, :, None]
        row = ((text * heads + head) * rows + np.arange(rows)).astype("int32").reshape(-1)
        base = ((text * groups + head * groups // heads) * columns).astype("int32")
        none = texts * groups * columns
        picked = ops.where(could, index + base[..., None], none)
        picked = ops.reshape(picked, (len(row), -1))
        numbers = texts * heads * rows, none
        far = plan_of_lines(ops.convert_to_tensor(row), picked, *numbers, checked=0)
        near = plan(self.near, grid, heads, groups).repeated(texts, heads * rows, groups * columns)
        rules = rules._replace(pattern=self.near)
        blocks = Blocks(rules, grid, heads, groups, texts)
        return Tiled(rules, near.joined(far), blocks)(query, key, value)

    def _picked(self, asked, keys, filled, at, block):
        """What is picked by, `b h q e`, in blocks at, int `b q`; means of keys `b g n e`, bool
        `b n` whether there are any, of `block`, int `b n` -> the likeliest, int32 `b h q p`, and
        whether each could be picked."""
        keys = ops.repeat(keys, asked.shape[1] // keys.shape[1], axis=1)
        likeness = ops.matmul(ops.cast(asked, "float32"), ops.transpose(keys, (0, 1, 3, 2)))
        of_query, of_key = at[:, :, None] * self.block_size, block[:, None] * self.block_size
        far = ops.logical_not(self.near.allowed(of_query, of_key))
        if self.near.causal:
            far = ops.logical_and(far, of_key < of_query)
        may = ops.logical_and(far, filled[:, None])[:, None]
        likeness = ops.where(may, ops.stop_gradient(likeness), HIDDEN)
        best, index = ops.top_k(likeness, min(self.top_k, likeness.shape[-1]))
        return index, best > HIDDEN / 2

    def _block_means(self, heads, tokens):
        """`_means` of consecutive blocks, from the first place on."""
        length, size = heads.shape[2], self.block_size
        tokens = np.ones((1, length), bool) if tokens is None else tokens
        kept = ops.cast(tokens, "float32")[:, None, :, None]
        missing = ((0, 0), (0, 0), (0, -length % size), (0, 0))

        def total(x):
            x = ops.pad(x, missing)
            x = ops.reshape(x, (*ops.shape(x)[:2], -1, size, ops.shape(x)[3]))
            return ops.sum(x, axis=3)

        there = total(kept)
        mean = total(ops.cast(heads, "float32") * kept) / ops.maximum(there, 1.0)
        return mean, there[:, 0, :, 0] > 0

    def _means(self, heads, tokens, block, num_blocks):
        """Heads `b h t e` in blocks, int `b t` or `1 t` -> the mean of the tokens of each block,
        float32 `b h n e`, and whether it has any, bool `b n`."""
        member = ops.cast(ops.equal(block[..., None], np.arange(num_blocks)), "float32")
        if tokens is not None:
            member = member * ops.cast(tokens, "float32")[..., None]
        member = ops.broadcast_to(member, (ops.shape(heads)[0], *ops.shape(member)[1:]))
        size = ops.sum(member, axis=1)
        total = ops.einsum("btn,bhte->bhne", member, ops.cast(heads, "float32"))
        return total / ops.maximum(size, 1.0)[:, None, :, None], size > 0
