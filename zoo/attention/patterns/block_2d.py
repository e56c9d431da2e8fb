"""Causal rectangles of an image, made block by block: a query sees its block and what is near it.

Local 2D attention of the Image Transformer (arXiv 1802.05751, section 3.3). Places count in the
order in which the image is made: blocks of `block_height` × `block_width` from the upper left, row
by row inside a block (`order` tells where each lies). A query sees what is made before it in its
block grown by `flange_height` rows up and `flange_width` columns left and right. `height` is needed
only where it is no multiple of `block_height`.
"""

import numpy as np

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._library import library
from zoo.core.types import NonNegativeInt, PositiveInt


class Block2d(Pattern):
    causal = True
    shift_invariant = False

    def __init__(
        self,
        width: PositiveInt,
        block_height: PositiveInt = 8,
        block_width: PositiveInt = 16,
        flange_height: NonNegativeInt = 8,
        flange_width: NonNegativeInt = 16,
        height: PositiveInt | None = None,
    ):
        self.width, self.height = width, height
        self.block_height, self.block_width = block_height, block_width
        self.flange_height, self.flange_width = flange_height, flange_width

    def order(self, height: int) -> np.ndarray:
        """Where each place lies in an image of `height` rows: int64 `t`, row by row."""
        y, x = self._point(np.arange(height * self.width))
        return y * self.width + x

    def allowed(self, query, key, head=0):
        y, x = self._point(key)
        top, left = self._corner(query)
        right = left + self.block_width + self.flange_width
        beside = (x >= left - self.flange_width) & (x < right)
        return beside & (y >= top - self.flange_height) & (key <= query)

    def some(self, box, head=0):
        _, bottom, left, right = self._rectangle(box.key_first, box.key_last)
        top, _, first, last = self._blocks(box.query_first, box.query_last)
        beside = (right >= first - self.flange_width) & (left <= last + self.flange_width)
        return beside & (bottom >= top - self.flange_height) & (box.farthest() >= 0)

    def every(self, box, head=0):
        top, _, left, right = self._rectangle(box.key_first, box.key_last)
        _, bottom, first, last = self._blocks(box.query_first, box.query_last)
        lowest, rightmost = bottom - self.block_height + 1, last - self.block_width + 1
        leftmost = first + self.block_width - 1
        beside = (left >= rightmost - self.flange_width) & (right <= leftmost + self.flange_width)
        return beside & (top >= lowest - self.flange_height) & (box.nearest() >= 0)

    def _corner(self, place):
        """The row and column of the upper left of a place's block."""
        strip, into = place // self._strip(), place % self._strip()
        column = into // (self._tall(strip) * self.block_width)
        return strip * self.block_height, column * self.block_width

    def _point(self, place):
        """The row and column of a place."""
        top, left = self._corner(place)
        tall = self._tall(top // self.block_height)
        into = place % self._strip() - left * tall
        wide = library(place).where(
            left + self.block_width > self.width, self.width % self.block_width, self.block_width
        )
        return top + into // wide, left + into % wide

    def _strip(self):
        """How many places a row of blocks has."""
        return self.block_height * self.width

    def _tall(self, strip):
        """How many rows the blocks of a strip have."""
        if not self.height or self.height % self.block_height == 0:
            return self.block_height
        last = strip == self.height // self.block_height
        return library(strip).where(last, self.height % self.block_height, self.block_height)

    def _blocks(self, first, last):
        """Top, bottom, left and right of all blocks from one place to another."""
        (top, left), (lowest, right) = self._corner(first), self._corner(last)
        one, full = top == lowest, (self.width - 1) // self.block_width * self.block_width
        right = np.where(one, right, full) + self.block_width - 1
        return top, lowest + self.block_height - 1, np.where(one, left, 0), right

    def _rectangle(self, first, last):
        """Top, bottom, left and right of all places from one to another, or a little more."""
        (y, x), (y_last, x_last) = self._point(first), self._point(last)
        top, bottom, left, right = self._blocks(first, last)
        block = (top + self.block_height > bottom) & (left + self.block_width > right)
        one_row = block & (y == y_last)
        top, bottom = np.where(block, y, top), np.where(block, y_last, bottom)
        return top, bottom, np.where(one_row, x, left), np.where(one_row, x_last, right)
