"""Attention that leaves its heads side by side, for what follows it to project."""

import keras
from keras import ops

from zoo.attention import ALL, Attention
from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt


class SideBySide(Attention):
    """Stands before a kind of attention: `b t d` -> `b t h·e`. All heads are computed at once.
    Raises ZooError where something else than `num_heads` times `head_dim` features is asked for, or
    heads in turn."""

    def __init__(self, num_heads: PositiveInt, head_dim: PositiveInt, **kwargs):
        super().__init__(num_heads, head_dim, **kwargs)
        size = num_heads * head_dim
        if self.output_dim not in (None, size):
            found = f"{num_heads} heads of {head_dim}"
            raise ZooError(f"found {found}, expected {self.output_dim} features.", "num_heads")
        if self.num_parallel_heads:
            raise ZooError("all heads are computed at once.", "num_parallel_heads")

    def compute_output_spec(self, x, *_, **__):
        shape = (*x.shape[:-1], self.num_heads * self.head_dim)
        return keras.KerasTensor(shape, self.compute_dtype), ()

    def back(self, heads, d):
        return None

    def project_back(self, heads, some=ALL):
        return ops.reshape(heads, (-1, *ops.shape(heads)[1:-2], self.num_heads * self.head_dim))
