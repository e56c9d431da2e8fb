"""From the middle outwards, round and round (Esser et al. 2021, arXiv:2012.09841)."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.orders import Order

TURNS = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""Up, right, down, left: rows and columns."""


class SpiralOut(Order):
    """It begins at the left one of the two lower places in the middle, and goes up; each straight
    line but the last is as long as the one before, or one longer.
    Raises ZooError for a grid that is no square of an even side."""

    def order(self, height, width):
        if height != width or height % 2:
            wanted = "expected a square with an even side"
            raise ZooError(f"spiral: found {height} × {width} places, {wanted}.", "order")
        lines = [*np.repeat(np.arange(1, width), 2).tolist(), width - 1]
        steps = [step for n, line in enumerate(lines) for step in [TURNS[n % 4]] * line]
        middle = [[height // 2, width // 2 - 1]]
        rows, columns = np.cumsum(middle + steps, axis=0).T
        return rows * width + columns
