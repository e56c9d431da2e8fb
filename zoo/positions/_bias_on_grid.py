"""What encodings share that add a number a head for every step in an image."""

from typing import Any

import keras
from keras import ops

from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions._on_grid import OnGrid, stretched


class BiasOnGrid(OnGrid):
    """The contract of tables by step, `h rows columns`. Subclasses say how large theirs is, and
    which of its cells a step has."""

    def __init__(
        self,
        height: PositiveInt | None = None,
        width: PositiveInt | None = None,
        initializer_range: PositiveFloat = 0.02,
        **kwargs,
    ):
        super().__init__(height, width, **kwargs)
        self.initializer_range = initializer_range

    def table_shape(self, height: int, width: int) -> tuple[int, int]:
        """How many rows and columns the table of a grid has."""
        raise NotImplementedError

    def cell(self, down: Any, right: Any) -> tuple[Any, Any]:
        """int32 `…` rows down and columns right, from the query to the key -> row and column of the
        table."""
        raise NotImplementedError

    def build(self, shape):
        shape = (shape[0], *self.table_shape(*self.grid))
        initializer = keras.initializers.RandomNormal(stddev=self.initializer_range)
        self.steps = self.add_weight(shape, initializer, name="steps")
        self.built = True

    def resized(self, height, width):
        shapes = zip(self.table_shape(height, width), self.steps.shape[1:])
        sizes = zip(self.grid, (height, width))
        # a table of distances alone has the steps from 0 on
        moved = [stretched(*size)[-new:, -old:] for size, (new, old) in zip(sizes, shapes)]
        return [ops.einsum("hyx,ay,bx->hab", self.steps, *moved)]

    def tables(self, places, dtype):
        return [ops.reshape(ops.cast(self.steps, "float32"), (self.steps.shape[0], -1))]

    def score(self, query, tables, tile):
        asking, asked = self.stood(tile)
        row, column = self.cell(*(there - here for here, there in zip(asking, asked)))
        step = row * self.steps.shape[2] + column
        head = ops.convert_to_tensor(tile.head)[:, None, None, None]
        bias = ops.take(ops.reshape(tables[0], (-1,)), step + head * tables[0].shape[1])
        *_, rows, queries, blocks, keys = ops.shape(bias)
        return ops.reshape(bias, (-1, rows, queries, blocks * keys))
