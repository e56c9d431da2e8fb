"""A block: one layer of a stack, around a residual stream."""

from typing import Any, ClassVar, Literal

import keras

from zoo.attention import Attention
from zoo.blocks.feed_forward import FeedForward
from zoo.core.kinds import make
from zoo.core.layer import LayerKind
from zoo.core.norms import norm
from zoo.core.types import PositiveFloat, Probability


class Block(LayerKind):
    """The contract of every block, and what all share: a feed-forward network, norms and a dropout.
    `dropout` is for every branch, `layer_norm_epsilon` for either `norm`."""

    shelf = "blocks"
    num_streams: ClassVar[int] = 1
    """How many residual streams run side by side through the block, joined in the last axis."""
    norms: ClassVar[tuple[str, ...]] = ()
    attention: Attention | None = None
    """How it looks at its own text; None where it does not."""

    def __init__(
        self,
        feed_forward: FeedForward,
        dropout: Probability = 0.0,
        norm: Literal["layer_norm", "rms_norm"] = "layer_norm",
        layer_norm_epsilon: PositiveFloat = 1e-5,
        use_bias: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        inside = {"name": "feed_forward", "dtype": self.dtype_policy}
        self.feed_forward = feed_forward and make(FeedForward, feed_forward, **inside)
        self.dropout, self.use_bias = dropout, use_bias
        self.norm, self.layer_norm_epsilon = norm, layer_norm_epsilon

    @property
    def marks(self) -> tuple[str, ...]:
        """What must be told of each token, besides whether it is padding."""
        return self.attention.marks if self.attention else ()

    @property
    def memory_length(self) -> int | None:
        """How many tokens attention remembers from segment to segment; None when none."""
        return self.attention.memory_length if self.attention else None

    def build(self, x_shape):
        stream = (*x_shape[:-1], x_shape[-1] // self.num_streams)
        for name in self.norms:
            setattr(self, name, self._norm(name, stream))
        self.drop = self.child(keras.layers.Dropout, self.dropout, name="drop")
        for layer in filter(None, (self.drop, self.attention, self.feed_forward)):
            layer.build(stream)
        self.built = True

    def _norm(self, name: str, shape: Any) -> keras.layers.Layer:
        layer = norm(
            self.norm, self.layer_norm_epsilon, self.use_bias, name=name, dtype=self.dtype_policy
        )
        layer.build(shape)
        return layer

    def compute_output_spec(self, x: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        return self.same_shape(x), ()

    def initial_state(self, batch_size: Any, num_slots: int) -> Any:
        """The state that remembers nothing yet, with room for `num_slots` tokens where the kind
        does not set its own; `()` when there is no room."""
        raise NotImplementedError

    def stand_in(self, layer: int) -> None:
        """Be told which layer of a model this is, counted from 0."""
        if self.attention:
            self.attention.stand_in(layer)

    def stand_on(self, height: int, width: int, num_tokens: int = 0) -> None:
        """Be told how large the picture is whose places it reads, and how many tokens before."""
        if self.attention:
            self.attention.stand_on(height, width, num_tokens)

    def tie(self, first: "Block") -> None:
        """Share with the first block of a model, which may be this, what the recipe says is
        shared."""
        if self.attention and first.attention:
            self.attention.tie(first.attention)

    def call(
        self, x: Any, padding_mask: Any = None, state: Any = (), marks: dict[str, Any] | None = None
    ) -> tuple[Any, Any]:
        """x `b t d`, padding_mask bool `b t`, marks `b t` by name -> `b t d` and the next state."""
        raise NotImplementedError
