"""Each block of queries sees a few blocks of keys drawn at random (arXiv 2007.14062, section 2).

Causal, a block draws among those before it, so a longer text changes nothing earlier. Otherwise it
draws among all, and the pattern needs to know how many there are: `sized`.
"""

import copy

import numpy as np

from zoo.attention.patterns._blocks import NOWHERE, Linked, cover
from zoo.attention.patterns._library import library
from zoo.attention.patterns._tiles import Tiles
from zoo.core.types import PositiveInt, Seed

PERIOD = 4096
"""After how many rows of blocks the random numbers come again, for another number of blocks."""


class RandomBlocks(Linked):
    def __init__(
        self,
        block_size: PositiveInt,
        num_random_blocks: PositiveInt,
        num_heads: PositiveInt = 1,
        seed: Seed = 0,
        causal: bool = True,
    ):
        self.block_size, self.num_random_blocks = block_size, num_random_blocks
        self.num_heads, self.seed, self.causal = num_heads, seed, causal
        self.by_head = num_heads > 1
        self.num_blocks = None
        shape = (PERIOD, num_random_blocks)
        draws = [np.random.default_rng([seed, head]).integers for head in range(num_heads)]
        self.numbers = np.stack([draw(2**31, size=shape, dtype="int32") for draw in draws])

    def sized(self, length):
        if self.causal or length is None:
            return self
        bound = copy.copy(self)
        bound.num_blocks = -(-length // self.block_size)
        return bound

    def allowed(self, query, key, head=0):
        row, column = query // self.block_size, key // self.block_size
        found = (column != column) & (row != row)
        for drawn in self._draws(row, head):
            found = found | (column == drawn)
        return found

    def tiles(self, grid, head=0):
        last = grid.first + grid.num_queries - 1
        row = np.arange(grid.first // self.block_size, last // self.block_size + 1)
        drawn = np.stack(self._draws(row, head), axis=-1)
        linked = drawn >= 0
        row = np.broadcast_to(row[:, None], drawn.shape)[linked]
        found = cover(row, drawn[linked], self.block_size, grid)
        name, place = np.unique(found.row * grid.columns() + found.column, return_inverse=True)
        row, column = name // grid.columns(), name % grid.columns()
        box, pairs = grid.box(row, column), np.bincount(place, found.pairs, len(name))
        tall, wide = box.query_last - box.query_first + 1, box.key_last - box.key_first + 1
        return Tiles(row, column, pairs == tall * wide)

    def _draws(self, row, head):
        """Rows of blocks -> the blocks each is linked to, one array a draw; NOWHERE where there
        are fewer. Floyd's way: the last of the candidates stands in for one that was drawn."""
        where = library(row, head).where
        candidates, drawn = self._candidates(row), []
        for number in range(self.num_random_blocks):
            last = candidates - self.num_random_blocks + number
            block = self._numbers(row, head, number) % where(last < 0, 1, last + 1)
            for other in drawn:
                block = where(block == other, last, block)
            drawn.append(where(last < 0, NOWHERE, block))
        return drawn

    def _candidates(self, row):
        """Among how many blocks, from the first on, each row draws."""
        if self.causal:
            return row
        if self.num_blocks is None:
            raise ValueError("random_blocks needs the length of the text: use sized(length).")
        return row * 0 + self.num_blocks

    def _numbers(self, row, head, number):
        """The random numbers of one draw of each row."""
        place = head % self.num_heads * PERIOD + row % PERIOD
        return library(row, head).take(self.numbers[:, :, number], place)
