"""A block: attention, then a feed-forward network, both around a residual stream."""

from typing import Any

import keras

from zoo.attention import Attention
from zoo.blocks.feed_forward import FeedForward
from zoo.core.kinds import make
from zoo.core.layer import LayerKind
from zoo.core.types import PositiveFloat, Probability


class Block(LayerKind):
    """The contract of every block, and the parts they share. `dropout` is for the two branches."""

    shelf = "blocks"

    def __init__(
        self,
        attention: Attention,
        feed_forward: FeedForward,
        dropout: Probability = 0.0,
        layer_norm_epsilon: PositiveFloat = 1e-5,
        use_bias: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        inside = {"dtype": self.dtype_policy}
        self.attention = make(Attention, attention, name="attention", **inside)
        self.feed_forward = make(FeedForward, feed_forward, name="feed_forward", **inside)
        self.dropout, self.layer_norm_epsilon, self.use_bias = dropout, layer_norm_epsilon, use_bias

    def build(self, x_shape):
        self.attention_norm = self._norm("attention_norm", x_shape)
        self.feed_forward_norm = self._norm("feed_forward_norm", x_shape)
        self.drop = self.child(keras.layers.Dropout, self.dropout, name="drop")
        for layer in (self.drop, self.attention, self.feed_forward):
            layer.build(x_shape)
        self.built = True

    def _norm(self, name: str, shape: Any) -> keras.layers.Layer:
        norm = self.child(
            keras.layers.LayerNormalization,
            epsilon=self.layer_norm_epsilon,
            center=self.use_bias,
            name=name,
        )
        norm.build(shape)
        return norm

    def compute_output_spec(self, x: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        return self.same_shape(x), ()

    def initial_state(self, batch_size: Any, num_slots: int) -> Any:
        return self.attention.initial_state(batch_size, num_slots)

    def tie(self, first: "Block") -> None:
        """Share with the first block of a model what the recipe says is shared."""
        ours, theirs = self.attention.position, first.attention.position
        if type(ours) is type(theirs):
            ours.tie(theirs)

    def call(self, x: Any, padding_mask: Any = None, state: Any = ()) -> tuple[Any, Any]:
        """x `b t d`, padding_mask bool `b t` -> `b t d` and the next state."""
        raise NotImplementedError
