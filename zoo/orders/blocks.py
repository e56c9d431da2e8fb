"""Block by block from the upper left, row by row inside a block (Parmar et al. 2018, Image
Transformer, section 3.3): the order of the pattern `block_2d`.

Blocks at the right and lower edge are as large as there is room.
"""

import numpy as np

from zoo.core.types import PositiveInt
from zoo.orders import Order


class Blocks(Order):
    def __init__(self, block_height: PositiveInt, block_width: PositiveInt):
        self.block_height, self.block_width = block_height, block_width

    def order(self, height, width):
        grid = np.arange(height * width).reshape(height, width)
        strips = np.split(grid, range(self.block_height, height, self.block_height))
        cuts = range(self.block_width, width, self.block_width)
        blocks = (block for strip in strips for block in np.split(strip, cuts, axis=1))
        return np.concatenate([block.ravel() for block in blocks])
