"""The network every place goes through alone: wider, an activation, and back."""

from typing import Any, Literal

import keras
from keras import ops

from zoo.core.layer import LayerKind
from zoo.core.types import PositiveFloat, PositiveInt, Probability

ACTIVATIONS = {
    "relu": ops.relu,
    "silu": ops.silu,
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "gelu_approximate": lambda x: ops.gelu(x, approximate=True),
}


class FeedForward(LayerKind):
    """The contract of every feed-forward network. `dropout` is for the widened features.

    `gelu` is exact (BERT, GPT with PyTorch); `gelu_approximate` is the tanh form (GPT-2, BigBird).
    """

    shelf = "blocks/feed_forward"

    def __init__(
        self,
        intermediate_dim: PositiveInt,
        activation: Literal["relu", "silu", "gelu", "gelu_approximate"] = "gelu",
        dropout: Probability = 0.0,
        use_bias: bool = True,
        initializer_range: PositiveFloat = 0.02,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.intermediate_dim, self.activation, self.dropout = intermediate_dim, activation, dropout
        self.use_bias, self.initializer_range = use_bias, initializer_range

    def build(self, x_shape):
        wide = (*x_shape[:-1], self.intermediate_dim)
        self.widen = self.dense(self.intermediate_dim, x_shape, "widen")
        self.narrow = self.dense(x_shape[-1], wide, "narrow")
        self.drop = self.child(keras.layers.Dropout, self.dropout, name="drop")
        self.drop.build(wide)
        self.built = True

    def dense(self, size: int, shape: Any, name: str) -> keras.layers.Layer:
        """A built projection to `size` features."""
        initializer = keras.initializers.RandomNormal(self.initializer_range)
        dense = self.child(
            keras.layers.Dense,
            size,
            use_bias=self.use_bias,
            kernel_initializer=initializer,
            name=name,
        )
        dense.build(shape)
        return dense

    def activate(self, x: Any) -> Any:
        return ACTIVATIONS[self.activation](x)

    def call(self, x: Any) -> Any:
        """x `b t d` -> `b t d`."""
        raise NotImplementedError
