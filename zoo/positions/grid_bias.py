"""A number a head for every step in an image: w[head, rows down, columns right].

CoAtNet (Dai et al. 2021, section 2.1) and Swin (Liu et al. 2021, section 3.2).
"""

from zoo.positions._bias_on_grid import BiasOnGrid


class GridBias(BiasOnGrid):
    """The table is `h 2y-1 2x-1`, for keys from `height - 1` rows above the query to as many below,
    and from `width - 1` columns left of it to as many right."""

    def table_shape(self, height, width):
        return 2 * height - 1, 2 * width - 1

    def cell(self, down, right):
        height, width = self.grid
        return down + height - 1, right + width - 1
