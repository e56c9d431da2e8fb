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
    Rows and columns are counted from 1, and the last of them is 2π, whatever the size."""

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

    def call(self, x, start=None):
        places = self.rows_and_columns(positions(span(ops.shape(x)[1]), start))
        parts = [
            waves(
                2 * math.pi * (ops.cast(place, "float32") + 1) / (size + EPSILON),
                x.shape[-1] // 2,
                self.base,
                "interleaved",
            )
            for place, size in zip(places, self.sides())
        ]
        return x + ops.cast(ops.concatenate(parts, axis=-1), x.dtype)
