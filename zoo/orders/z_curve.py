"""Along a Z, in each of whose corners there is a smaller one (Morton 1966; Esser et al. 2021,
arXiv:2012.09841)."""

import numpy as np

from zoo.orders import Order


class ZCurve(Order):
    def order(self, height, width):
        rows, columns = np.divmod(np.arange(height * width), width)
        return np.argsort(spread(columns) | spread(rows) << 1)


def spread(numbers: np.ndarray) -> np.ndarray:
    """Non-negative numbers, their binary digits two places apart, int64."""
    bits = range(int(numbers.max(initial=0)).bit_length())
    return sum(((numbers >> bit & 1) << 2 * bit for bit in bits), np.zeros_like(numbers))
