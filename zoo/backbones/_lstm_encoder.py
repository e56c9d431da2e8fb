"""What a translation reads a source with (Wu et al. 2016, section 3.2): one layer that reads it
both ways, and layers on top that read it forward."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.blocks._lstm import Lstm
from zoo.core.layer import LayerKind


class Held(NamedTuple):
    """What a layer of long short-term memory hands on."""

    hidden: Any
    """`b d`"""
    cell: Any
    """`b d`"""


class LstmEncoder(LayerKind):
    """The last `num_residual_layers` add to what they read."""

    def __init__(
        self,
        num_layers: int,
        hidden_dim: int,
        num_residual_layers: int,
        dropout: float,
        initializer_range: float,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hidden_dim, self.width = hidden_dim, 2 * hidden_dim if num_layers == 1 else hidden_dim
        self.first_residual = num_layers - num_residual_layers

        def layer(name, **options):
            spread = {"spread": initializer_range, "forget_bias": True}
            return self.child(Lstm, hidden_dim, name=name, **spread, **options)

        self.forward = layer("forward")
        self.backward = layer("backward", go_backwards=True)
        self.upper = [layer(f"layer_{number}") for number in range(1, num_layers)]
        self.drop = self.child(keras.layers.Dropout, dropout, name="drop")

    def build(self, x_shape):
        self.forward.build(x_shape)
        self.backward.build(x_shape)
        shape = (*x_shape[:-1], 2 * self.hidden_dim)
        for layer in self.upper:
            layer.build(shape)
            shape = (*x_shape[:-1], self.hidden_dim)
        self.built = True

    def compute_output_spec(self, x, *_, **__):
        held = keras.KerasTensor((x.shape[0], self.hidden_dim), self.compute_dtype)
        source = keras.KerasTensor((*x.shape[:-1], self.width), self.compute_dtype)
        return source, (Held(held, held),) * (1 + len(self.upper))

    def call(self, x: Any, padding_mask: Any = None) -> tuple[Any, tuple[Held, ...]]:
        """x `b k d`, padding_mask bool `b k` -> the source `b k e`, and what each layer holds at
        its end: the first layer what it holds of reading backward."""
        onward, *_ = self.forward(self.drop(x), mask=padding_mask)
        back, *held = self.backward(self.drop(x), mask=padding_mask)
        x, helds = ops.concatenate([onward, ops.flip(back, axis=1)], axis=-1), [Held(*held)]
        for number, layer in enumerate(self.upper, start=1):
            below = x
            x, *held = layer(self.drop(below), mask=padding_mask)
            x = x + below if number >= self.first_residual else x
            helds.append(Held(*held))
        return x, tuple(helds)
