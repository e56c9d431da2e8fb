"""BigBird: the first and last block, a window of three blocks, and random blocks.

The internal construction (ITC, arXiv 2007.14062, section 2, and the released code). The first and
the last block see everyone. A block linked twice counts twice in the softmax. Texts that the links
would not thin out, of at most (5 + 2 · `num_random_blocks`) blocks, see all, as in Hugging Face's.

`layer` seeds the links; without it, the number of the layer the pattern stands in does. The plan
`paper` is for texts of 1024, 2048, 3072 and 4096, as with its authors (Hugging Face draws those of
2048 by the general plan); all others are drawn by the plan `general`. The plan `evaluation` is what
Hugging Face does when a model is not in training: every link is to the first block, which so counts
once more for each. `random` gives the links instead: for each head, and for each block but the
first and the last, the blocks linked to it.
"""

import copy
from typing import Literal

import numpy as np

from zoo.attention.patterns._big_bird_plans import draw_links
from zoo.attention.patterns._blocks import NOWHERE, Linked, cover
from zoo.attention.patterns._library import library
from zoo.attention.patterns._tiles import Tiles
from zoo.attention.patterns.full import Full
from zoo.core.types import NonNegativeInt, PositiveInt


class BigBird(Linked):
    by_head = True

    def __init__(
        self,
        num_heads: PositiveInt,
        block_size: PositiveInt = 64,
        num_random_blocks: PositiveInt = 3,
        layer: NonNegativeInt | None = None,
        plan: Literal["paper", "general", "evaluation"] = "paper",
        random: list | None = None,
    ):
        self.num_heads, self.block_size = num_heads, block_size
        self.num_random_blocks, self.layer = num_random_blocks, layer
        self.plan, self.random = plan, random
        self.seed, self.links = layer or 0, None

    def in_layer(self, layer):
        bound = copy.copy(self)
        bound.seed = layer if self.layer is None else self.layer
        return bound

    def sized(self, length):
        if length is None:
            return self
        if self.random is None and length <= (5 + 2 * self.num_random_blocks) * self.block_size:
            return Full()
        bound, drawn = copy.copy(self), self._draw(length)
        bound.links = np.pad(drawn, ((0, 0), (1, 1), (0, 0)), constant_values=NOWHERE)
        return bound

    def allowed(self, query, key, head=0):
        return self.times(query, key, head) > 0

    def times(self, query, key, head=0):
        row, column = query // self.block_size, key // self.block_size
        where = library(query, key, head).where
        count = where(self._always(row, column), 1, 0)
        for drawn in self._random(row, head):
            count = count + where(column == drawn, 1, 0)
        return count

    def tiles(self, grid, head=0):
        """Raises ValueError for tiles that hold pairs of more than one block: pairs of one tile
        have to count equally often."""
        if self.block_size % grid.size or grid.first % grid.size:
            blocks = f"big_bird's blocks of {self.block_size}"
            raise ValueError(f"tiles of {grid.size} from {grid.first} on do not divide {blocks}.")
        found = cover(*self._links(head), self.block_size, grid)
        return Tiles(found.row, found.column, np.ones(len(found.row), bool))

    def _draw(self, length):
        """int32 `h n r`: the random links of all blocks but the first and the last."""
        if self.random is None:
            sizes = self.block_size, self.num_random_blocks, self.num_heads
            return draw_links(self.plan, length, *sizes, self.seed)
        given, blocks = np.array(self.random, "int32"), -(-length // self.block_size)
        wanted = self.num_heads, blocks - 2, self.num_random_blocks
        if given.shape != wanted or blocks < 5:
            raise ValueError(f"random has the shape {given.shape}; {length} places want {wanted}.")
        return given

    def _blocks(self):
        if self.links is None:
            raise ValueError("big_bird needs the length of the text: use sized(length).")
        return self.links.shape[1]

    def _always(self, row, column):
        """Whether blocks are linked in every text."""
        first, last = 0, self._blocks() - 1
        ends = (row == first) | (row == last) | (column == first) | (column == last)
        return ends | ((row - column <= 1) & (column - row <= 1))

    def _random(self, row, head):
        """Rows of blocks -> the blocks each is linked to at random, one array a draw."""
        take, blocks = library(row, head).take, self._blocks()
        place = head % self.num_heads * blocks + library(row).clip(row, 0, blocks - 1)
        return [take(drawn, place) for drawn in np.moveaxis(self.links, -1, 0)]

    def _links(self, head):
        """All links of a head by row and column, one that counts k times k times."""
        block = np.arange(self._blocks())
        ends = np.array([0, block[-1]])
        near = np.stack([block - 1, block, block + 1])
        near, beside = near.clip(0, block[-1]), np.broadcast_to(block, near.shape)
        across = np.repeat(block, 2), np.tile(ends, len(block))
        row = np.concatenate([across[0], across[1], beside.ravel()])
        column = np.concatenate([across[1], across[0], near.ravel()])
        always = np.unique(row * len(block) + column)
        drawn = self.links[head % self.num_heads]
        row = np.append(always // len(block), np.repeat(block, drawn.shape[1]))
        column = np.append(always % len(block), drawn)
        return row[column >= 0], column[column >= 0]
