"""A number a head for every distance in an image: w[head, rows apart, columns apart], up and down,
left and right alike (Graham et al. 2021, LeViT)."""

from keras import ops

from zoo.positions._bias_on_grid import BiasOnGrid


class GridDistance(BiasOnGrid):
    """The table is `h y x`."""

    def table_shape(self, height, width):
        return height, width

    def cell(self, down, right):
        return ops.abs(down), ops.abs(right)
