"""From a corner inwards, round and round (Esser et al. 2021, arXiv:2012.09841)."""

from zoo.orders.spiral_out import SpiralOut


class SpiralIn(SpiralOut):
    """`spiral_out` backwards."""

    def order(self, height, width):
        return super().order(height, width)[::-1]
