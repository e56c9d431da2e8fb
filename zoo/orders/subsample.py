"""Coarse before fine: every second place of every second row, and so on in each of the four
pictures that this gives (Esser et al. 2021, arXiv:2012.09841)."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.orders import Order


class Subsample(Order):
    """Raises ZooError for a grid that is no square of a power of two."""

    def order(self, height, width):
        if height != width or height & (height - 1):
            wanted = "expected a square whose side is a power of two"
            raise ZooError(f"subsample: found {height} × {width} places, {wanted}.", "order")
        pictures = np.arange(height * width).reshape(1, height, width)
        while (side := pictures.shape[1] // 2) > 0:
            fours = pictures.reshape(-1, side, 2, side, 2).transpose(0, 2, 4, 1, 3)
            pictures = fours.reshape(-1, side, side)
        return pictures.ravel()
