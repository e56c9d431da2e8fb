"""The network every place goes through alone: wider, an activation, and back."""

from typing import Any

import keras
from keras import ops

from zoo.core.activations import ACTIVATIONS
from zoo.core.initial import normal
from zoo.core.layer import LayerKind
from zoo.core.recompute import in_chunks
from zoo.core.types import Activation, PositiveFloat, PositiveInt, Probability


class FeedForward(LayerKind):
    """The contract of every feed-forward network. `dropout` is for the widened features.

    `gelu` is exact (BERT, GPT with PyTorch); `gelu_approximate` is the tanh form (GPT-2, BigBird),
    `gelu_sigmoid` the one of the Sparse Transformer and DALL·E; `squared_relu` is Primer's.
    `chunk_size` places at a time are widened, and again in the backward pass (Reformer).
    """

    shelf = "blocks/feed_forward"

    def __init__(
        self,
        intermediate_dim: PositiveInt,
        activation: Activation = "gelu",
        chunk_size: PositiveInt | None = None,
        dropout: Probability = 0.0,
        use_bias: bool = True,
        initializer_range: PositiveFloat | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.intermediate_dim, self.activation = intermediate_dim, activation
        self.chunk_size, self.dropout = chunk_size, dropout
        self.use_bias, self.initializer_range = use_bias, initializer_range

    def build(self, x_shape):
        wide = (*x_shape[:-1], self.intermediate_dim)
        self.widen = self.projection(self.intermediate_dim, x_shape, "widen")
        self.drop = self.child(keras.layers.Dropout, self.dropout, name="drop")
        self.drop.build(wide)
        self.built = True

    def projection(self, size: int, shape: Any, name: str) -> keras.layers.Dense:
        """A built projection to `size` features."""
        initializer = normal(self.initializer_range, shape[-1])
        return self.dense(size, shape, name, initializer, self.use_bias)

    def activate(self, x: Any) -> Any:
        return ACTIVATIONS[self.activation](x)

    def call(self, x: Any, training: Any = None) -> Any:
        """x `b t d` -> `b t d`."""
        length = x.shape[1]
        if self.chunk_size is None or length is None or length <= self.chunk_size:
            return self.feed(x)
        number = -(-length // self.chunk_size)
        padded = ops.pad(x, ((0, 0), (0, number * self.chunk_size - length), (0, 0)))
        chunks = ops.reshape(padded, (-1, number, self.chunk_size, x.shape[2]))
        each = in_chunks(lambda chunk: (self.feed(chunk), ()), [self], training)
        fed, _ = each(ops.transpose(chunks, (1, 0, 2, 3)), length=number)
        return ops.reshape(ops.transpose(fed, (1, 0, 2, 3)), ops.shape(padded))[:, :length]

    def feed(self, x: Any) -> Any:
        """x `b t d` -> `b t d`, all places at once."""
        raise NotImplementedError
