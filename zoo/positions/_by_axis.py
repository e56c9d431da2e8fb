"""What encodings share that have a small table for every axis of a grid, not a row a place."""

import math
from typing import Any

from keras import ops

from zoo.core.initial import normal
from zoo.core.places import positions, span
from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions import Position


class ByAxis(Position):
    """The contract of tables by axis. Places are numbered through `shape` with the last axis
    fastest; there are none beyond."""

    def __init__(self, shape: list[PositiveInt], initializer_range: PositiveFloat | None, **kwargs):
        super().__init__(**kwargs)
        self.shape, self.initializer_range = shape, initializer_range
        self.max_sequence_length = math.prod(shape)

    def sizes(self, hidden_dim: int) -> list[int]:
        """How many features the table of each axis has."""
        raise NotImplementedError

    def join(self, vectors: list) -> Any:
        """A vector an axis, each `… size` -> `… d`."""
        raise NotImplementedError

    def build(self, x_shape):
        sizes, spread = self.sizes(x_shape[-1]), self.initializer_range
        self.axes = [
            self.add_weight((length, size), normal(spread, size), name=f"axis_{axis}")
            for axis, (length, size) in enumerate(zip(self.shape, sizes))
        ]
        self.built = True

    def embed(self, x, start=None):
        return self(x, start)

    def call(self, x, start=None):
        rest, vectors = positions(span(ops.shape(x)[1]), start), []
        for length, table in zip(reversed(self.shape), reversed(self.axes)):
            vectors.insert(0, ops.take(table, rest % length, axis=0))
            rest = rest // length
        return x + ops.cast(self.join(vectors), x.dtype)
