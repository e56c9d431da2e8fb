"""A number a head for every step in an image: w[head, rows down, columns right].

CoAtNet (Dai et al. 2021, section 2.1) and Swin (Liu et al. 2021, section 3.2).
"""

import keras
from keras import ops

from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions._on_grid import OnGrid


class GridBias(OnGrid):
    """The table is `h 2y-1 2x-1`, for keys from `height - 1` rows above the query to as many below,
    and from `width - 1` columns left of it to as many right."""

    def __init__(
        self,
        height: PositiveInt | None = None,
        width: PositiveInt | None = None,
        initializer_range: PositiveFloat = 0.02,
        **kwargs,
    ):
        super().__init__(height, width, **kwargs)
        self.initializer_range = initializer_range

    def build(self, shape):
        shape = (shape[0], *(2 * size - 1 for size in self.grid))
        initializer = keras.initializers.RandomNormal(self.initializer_range)
        self.steps = self.add_weight(shape, initializer, name="steps")
        self.built = True

    def resized(self, height: int, width: int):
        """The table for another grid, bilinearly resized: `h 2y-1 2x-1`. Assign it to `steps`."""
        shape = (2 * height - 1, 2 * width - 1)
        options = {"interpolation": "bilinear", "data_format": "channels_last"}
        return ops.image.resize(self.steps[..., None], shape, **options)[..., 0]

    def tables(self, places, dtype):
        return [ops.reshape(ops.cast(self.steps, "float32"), (self.steps.shape[0], -1))]

    def score(self, query, tables, tile):
        asking, asked = (self.rows_and_columns(places) for places in tile.positions())
        down, right = (there - here for here, there in zip(asking, asked))
        height, width = self.grid
        step = (down + height - 1) * (2 * width - 1) + right + width - 1
        head = ops.convert_to_tensor(tile.head)[:, None, None, None]
        bias = ops.take(ops.reshape(tables[0], (-1,)), step + head * tables[0].shape[1])
        *_, rows, queries, blocks, keys = ops.shape(bias)
        return ops.reshape(bias, (-1, rows, queries, blocks * keys))
