"""Transformer-XL's attention: segments that remember, relative positions (Dai et al. 2019)."""

from typing import Any

from zoo.core.types import NonNegativeInt, PositiveInt
from zoo.layers._projected import not_negative
from zoo.layers._self_attention import SelfAttention


class TransformerXLAttention(SelfAttention):
    """Called with a `state`, at first `initial_state(batch_size)`, it remembers the inputs of the
    last `memory_length` tokens and returns the next state too. Padding then stands behind the
    tokens. `same_length`: every query sees exactly so many, and itself.

    `position` defaults to `relative_xl`, as wide as the inputs.
    """

    inside = "segment_recurrent"

    def __init__(
        self,
        num_heads: PositiveInt,
        key_dim: PositiveInt,
        memory_length: NonNegativeInt,
        same_length: bool = False,
        **kwargs,
    ):
        super().__init__(num_heads, key_dim, **kwargs)
        not_negative(memory_length=memory_length)
        self.memory_length, self.same_length = memory_length, same_length

    def default_position(self, hidden_dim):
        return {"kind": "relative_xl", "hidden_dim": hidden_dim}

    def initial_state(self, batch_size: Any) -> Any:
        """The state that remembers nothing yet; for a layer that was built."""
        return self.attention.initial_state(batch_size, 0)
