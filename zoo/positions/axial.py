"""Axial positions: a part of the features for each axis of a grid (Kitaev et al. 2020, Reformer).

With two axes, place p has the vector concat(first[p // columns], second[p mod columns]): 1,536 rows
of numbers are enough for half a million places.
"""

from keras import ops

from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions._by_axis import ByAxis


class Axial(ByAxis):
    """`dims` features an axis of `shape`; together they are as wide as the model."""

    def __init__(
        self,
        shape: list[PositiveInt],
        dims: list[PositiveInt],
        initializer_range: PositiveFloat = 1.0,
        **kwargs,
    ):
        super().__init__(shape, initializer_range, **kwargs)
        self.dims = dims
        if len(shape) != len(dims):
            raise ValueError(f"shape {shape} and dims {dims} must have a number an axis each.")

    def sizes(self, hidden_dim):
        if sum(self.dims) != hidden_dim:
            found = f"dims {list(self.dims)} add up to {sum(self.dims)}"
            raise ValueError(f"axial: {found}, but the model is {hidden_dim} wide.")
        return self.dims

    def join(self, vectors):
        return ops.concatenate(vectors, axis=-1)
