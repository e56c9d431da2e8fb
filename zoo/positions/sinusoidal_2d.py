"""Sines and cosines of row and column, added to the places of a picture (Carion et al. 2020, DETR,
section A.4; as released)."""

import math

from keras import ops

from zoo.core.places import positions, span
from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions._on_grid import OnGrid
from zoo.positions.sinusoidal import waves

EPSILON = 1e-6


class Sinusoidal2d(OnGrid):
    """Half of the features are for the row, the others for the column, sines and cosines in turn.
    Rows and columns are counted from 1, and the last of them is 2π, whatever the size; where a
    picture ends before, the last of its own."""

    def __init__(
        self,
        height: PositiveInt | None = None,
        width: PositiveInt | None = None,
        base: PositiveFloat = 10_000.0,
        **kwargs,
    ):
        super().__init__(height, width, **kwargs)
        self.base = base

    def build(self, x_shape):
        self.sides()
        if x_shape[-1] % 4:
            found = f"sinusoidal_2d: {x_shape[-1]} features"
            raise ValueError(f"{found}, but a quarter are sines of rows: make it a multiple of 4.")
        self.built = True

    def embed(self, x, start=None):
        return self(x, start)

    def embed_within(self, x, mask):
        there = ops.cast(ops.reshape(mask, (-1, *self.sides())), "float32")
        rows, columns = (ops.cumsum(there, axis=axis) for axis in (1, 2))
        shares = rows / (rows[:, -1:] + EPSILON), columns / (columns[:, :, -1:] + EPSILON)
        return self.added(x, [ops.reshape(one, (-1, x.shape[1])) for one in shares])

    def call(self, x, start=None):
        places = self.rows_and_columns(positions(span(ops.shape(x)[1]), start))
        counted = [ops.cast(place, "float32") + 1 for place in places]
        return self.added(x, [one / (size + EPSILON) for one, size in zip(counted, self.sides())])

    def added(self, x, shares):
        """x `b t d` at rows and columns, shares `b t` or `t` of the last -> `b t d`."""
        parts = [
            waves(2 * math.pi * share, x.shape[-1] // 2, self.base, "interleaved")
            for share in shares
        ]
        return x + ops.cast(ops.concatenate(parts, axis=-1), x.dtype)
