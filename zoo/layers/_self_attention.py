"""Attentions of the zoo that are no table of queries and keys, behind the call of Keras."""

from typing import Any

import keras
from keras import ops, tree

from zoo.attention import Attention
from zoo.attention.kernels import Kernel
from zoo.attention.patterns import Pattern
from zoo.core.kinds import make, options, to_config
from zoo.core.layer import LayerKind
from zoo.core.types import PositiveFloat, PositiveInt, Probability
from zoo.layers._masks import keys_seen, split
from zoo.layers._projected import positive, share
from zoo.positions import Position


class SelfAttention(LayerKind):
    """The contract of layers that are an attention of the zoo inside: the kind `inside`, with the
    same options.

    `value` and `key` may be left out or be the query itself. Masks are of keys: `value_mask`,
    `key_mask` and an `attention_mask` that is the same for all queries. What is causal is said by
    the pattern.
    """

    inside: str

    def __init__(
        self,
        num_heads: PositiveInt,
        key_dim: PositiveInt,
        pattern: Pattern = "causal",
        position: Position | None = None,
        kernel: Kernel | None = None,
        dropout: Probability = 0.0,
        use_bias: bool = False,
        initializer_range: PositiveFloat | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        positive(num_heads=num_heads, key_dim=key_dim)
        share(dropout=dropout)
        self.num_heads, self.key_dim = num_heads, key_dim
        self.pattern, self.position = make(Pattern, pattern), to_config(position)
        self.kernel = None if kernel is None else make(Kernel, kernel)
        self.dropout, self.use_bias, self.initializer_range = dropout, use_bias, initializer_range
        self.supports_masking = True

    def default_position(self, hidden_dim: int) -> Any:
        """The position where none is given, for inputs `b t d`, d = `hidden_dim`."""
        return "nope"

    def build(self, query_shape):
        if len(query_shape) != 3:
            raise ValueError(f"query must be `b t d`; found the shape {tuple(query_shape)}.")
        written = {"kind": self.inside, **options(self), "head_dim": self.key_dim}
        del written["key_dim"]
        written["position"] = self.position or self.default_position(query_shape[-1])
        self.attention = make(Attention, written, name="attention", dtype=self.dtype_policy)
        self.attention.build(query_shape)
        self.built = True

    def __call__(self, query: Any, value: Any = None, key: Any = None, **options: Any) -> Any:
        """Here, and not in `call`: there every argument may be a copy in another dtype."""
        if any(other is not None and other is not query for other in (value, key)):
            raise ValueError(
                f"{type(self).__name__} is self-attention: value and key must be the query, or be "
                "left out."
            )
        return super().__call__(query, query, **options)

    def call(
        self,
        query: Any,
        value: Any,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
        state: Any = None,
    ) -> Any:
        """query `b t d` -> `b t d`; with a state also the next one."""
        shared, pairs = split(attention_mask)
        self._refuse(pairs, return_attention_scores, use_causal_mask)
        tokens = keys_seen(query, value_mask, key_mask, shared)
        query = ops.copy(query)  # without Keras's mask, which has no meaning inside
        out, after = self.attention(query, tokens, () if state is None else state)
        return out if state is None else (out, after)

    def _refuse(self, pairs, scores, causal):
        name = type(self).__name__
        if pairs is not None:
            raise ValueError(f"{name} takes masks of keys, `b 1 k`, and none of pairs.")
        if scores:
            raise ValueError(f"{name} has no table of attention scores to return.")
        if causal and not self.pattern.causal:
            raise ValueError(f"{name} is causal when its constructor says pattern='causal'.")

    def compute_output_shape(self, query_shape):
        return query_shape

    def compute_output_spec(self, query, value, *_, state=None, **__):
        out = self.same_shape(query)
        if state is None:
            return out
        return out, tree.map_structure(lambda x: keras.KerasTensor(x.shape, x.dtype), state)
