"""Attention with projections that are normalised over batches, and with fewer queries where a
picture is to become smaller (Graham et al. 2021, LeViT)."""

from typing import Any

import keras
from keras import ops

from zoo.attention._of_picture import OfPicture
from zoo.attention._parts import Seeds
from zoo.attention._scored import ALL
from zoo.core.activations import ACTIVATIONS
from zoo.core.errors import ZooError
from zoo.core.initial import normal
from zoo.core.layer import LayerKind
from zoo.core.pictures import in_a_row, on_a_grid
from zoo.core.types import Activation, Given, PositiveFloat, PositiveInt


class BatchNormed(OfPicture):
    """`value_dim` is how many features a head has in values, where it is not `head_dim`. An
    `activation` stands before the projection back, which begins with a scale of 0 where it can be
    added to what it was given. Of so many rows and columns (`strides`) one asks: blocks that make a
    picture smaller tell it. Raises ZooError for tokens before the places of a picture."""

    def __init__(
        self,
        num_heads: PositiveInt,
        head_dim: PositiveInt,
        value_dim: PositiveInt | None = None,
        activation: Activation = "hard_swish",
        epsilon: PositiveFloat = 1e-5,
        use_bias: bool = False,
        strides: Given[PositiveInt] = 1,
        **kwargs,
    ):
        super().__init__(num_heads, head_dim, use_bias=use_bias, **kwargs)
        self.value_dim, self.activation = value_dim or head_dim, activation
        self.epsilon, self.strides = epsilon, strides

    def stand_on(self, height, width, num_tokens=0):
        super().stand_on(height, width, num_tokens)
        self.position.stand_on(height, width, self.strides)
        if num_tokens:
            raise ZooError(f"found {num_tokens} tokens, expected places alone.", "attention")

    def build(self, x_shape):
        d, groups = x_shape[-1], self.num_key_value_heads
        asked, wide = self.num_heads * self.head_dim, self.num_heads * self.value_dim
        self.query = self.normed("query", d, asked, self.use_bias)
        self.key = self.normed("key", d, groups * self.head_dim, self.use_bias)
        self.value = self.normed("value", d, groups * self.value_dim, self.use_bias)
        out = self.output_dim or d
        back = (wide, out, self.output_bias, self.strides == 1 and out == d)
        self.attention_output = self.normed("attention_output", *back)
        self.seeds = self.child(Seeds, self.dropout, name="seeds")
        self.build_norms(
            *((None, None, heads, self.head_dim) for heads in (self.num_heads, groups))
        )
        self.position.prepare(self.num_heads, self.head_dim, d)
        self.built = True

    def normed(self, name: str, given: int, size: int, use_bias: bool, zero: bool = False) -> Any:
        options = {"epsilon": self.epsilon, "initializer_range": self.initializer_range}
        made = self.child(NormedDense, size, use_bias, zero, name=name, **options)
        made.build((None, None, given))
        return made

    def compute_output_spec(self, x, *_, **__):
        height, width = (-(-side // self.strides) for side in self.sides())
        shape = (x.shape[0], height * width, self.output_dim or x.shape[-1])
        return keras.KerasTensor(shape, self.compute_dtype), ()

    def heads(self, x):
        placed, groups = self.placed(x), self.num_key_value_heads
        asking = on_a_grid(placed, self.sides())[:, :: self.strides, :: self.strides]
        query = split(self.query(in_a_row(asking)), self.num_heads)
        return query, split(self.key(placed), groups), split(self.value(x), groups)

    def project_back(self, heads, some=ALL):
        joined = ops.reshape(heads, (-1, heads.shape[1], self.num_heads * self.value_dim))
        return self.attention_output(ACTIVATIONS[self.activation](joined))


class NormedDense(LayerKind):
    """A projection, normalised over batches. `zero` begins with a scale of 0."""

    def __init__(
        self,
        size: PositiveInt,
        use_bias: bool = False,
        zero: bool = False,
        epsilon: PositiveFloat = 1e-5,
        initializer_range: PositiveFloat | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.size, self.use_bias, self.zero = size, use_bias, zero
        self.epsilon, self.initializer_range = epsilon, initializer_range

    def build(self, x_shape):
        initializer = normal(self.initializer_range, x_shape[-1])
        self.project = self.dense(self.size, x_shape, "project", initializer, self.use_bias)
        scale = {"epsilon": self.epsilon, "gamma_initializer": "zeros" if self.zero else "ones"}
        norm = keras.layers.BatchNormalization
        self.normalize = self.child(norm, momentum=0.9, name="normalize", **scale)
        self.normalize.build((*x_shape[:-1], self.size))
        self.built = True

    def call(self, x):
        return self.normalize(self.project(x))


def split(x: Any, number: int) -> Any:
    """`b t h·e` -> `b t h e`."""
    return ops.reshape(x, (-1, x.shape[1], number, x.shape[2] // number))
