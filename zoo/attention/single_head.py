"""Attention of one head as wide as the text, over what was remembered of it (Merity 2019, SHA-RNN,
section 3.2, as released).

Only the query is projected. Keys and values are the remembered states themselves, weighed feature
by feature, so that a long memory costs its scores and nothing else.
"""

from typing import Any

import keras
from keras import ops

from zoo.attention import Attention
from zoo.attention._parts import Seeds
from zoo.attention._scored import ALL
from zoo.attention.segment_recurrent import Memory, recall
from zoo.core.initial import normal
from zoo.core.norms import norm
from zoo.core.types import NonNegativeInt, PositiveFloat, PositiveInt


class SingleHead(Attention):
    """`memory_length` tokens are remembered, normalised, whatever the length of a segment; no
    gradient flows into them. `num_heads` times `head_dim` must be as wide as the text.

    The mark `source`, `b t d`, tells of the states that are offered and remembered where they are
    not x itself: what x was before it was normalised.
    Raises ValueError where heads do not fit, and for heads in groups or in turn.
    """

    def __init__(
        self,
        head_dim: PositiveInt,
        memory_length: NonNegativeInt,
        num_heads: PositiveInt = 1,
        layer_norm_epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(num_heads=num_heads, head_dim=head_dim, **kwargs)
        self.memory_length, self.layer_norm_epsilon = memory_length, layer_norm_epsilon
        if self.num_parallel_heads or self.num_key_value_heads != num_heads:
            raise ValueError("keys are not projected: expected no groups and no parallel heads.")

    def build(self, x_shape):
        d, heads = x_shape[-1], (None, None, self.num_heads, self.head_dim)
        if self.num_heads * self.head_dim != d:
            found = f"num_heads {self.num_heads} times head_dim {self.head_dim}"
            raise ValueError(f"keys are not projected: expected {found} to be {d}.")
        self.query = self._plain(d, x_shape, "query")
        self.asked_norm = self._norm(x_shape, "asked_norm")
        self.memory_norm = self._norm(x_shape, "memory_norm")
        self.query_scale, self.key_scale, self.value_scale = (
            self.add_weight((1, d), "zeros", name=f"{name}_scale")
            for name in ("query", "key", "value")
        )
        self.value_gate = self._plain(2 * d, (1, d), "value_gate")
        self.input_dropout = self.child(keras.layers.Dropout, self.dropout, name="input_dropout")
        self.seeds = self.child(Seeds, self.dropout, name="seeds")
        self.build_norms(heads, heads)
        self.position.prepare(self.num_heads, self.head_dim, d)
        self.built = True

    def _plain(self, size, shape, name):
        initializer = normal(self.initializer_range, shape[-1])
        return self.dense(size, shape, name, initializer, self.use_bias)

    def _norm(self, shape, name):
        inside = {"name": name, "dtype": self.dtype_policy}
        layer = norm("layer_norm", self.layer_norm_epsilon, self.use_bias, **inside)
        layer.build(shape)
        return layer

    def initial_state(self, batch_size, num_slots):
        shape = (batch_size, self.memory_length, self.num_heads * self.head_dim)
        return Memory(ops.zeros(shape, self.compute_dtype), ops.zeros((batch_size,), "int32"))

    def call(self, x, padding_mask=None, state=(), marks=None, training=None):
        new = self.memory_norm((marks or {}).get("source", x))
        slots = self.memory_length if state else 0
        places = self.places(x, slots, state, padding_mask, marks)
        context, after = recall(state, new, padding_mask) if state else (new, ())
        query = self.ask(x, places.query_positions())
        key, value = self.offer(context, places.key_positions())
        return self.attend(query, key, value, places), after

    def ask(self, x, positions, groups=ALL, mask=None):
        query = self.asked_norm(self.query(self.position.add(x, positions, mask)))
        query = query * self._weighed(self.query_scale)
        return self.place_query(self._heads(self.input_dropout(query)), positions)

    def offer(self, x, positions, groups=ALL, mask=None):
        """x `b k d`, normalised, at positions `b k` or `1 k` -> keys and values `b k h e`."""
        candidate, gate = ops.split(self.value_gate(self._weighed(self.value_scale)), 2, axis=-1)
        key = self._heads(self.position.add(x, positions, mask) * self._weighed(self.key_scale))
        value = self.input_dropout(x * ops.sigmoid(gate) * ops.tanh(candidate))
        return self.place_key(key, positions), self._heads(value)

    def _weighed(self, scale):
        return ops.sigmoid(ops.cast(scale, self.compute_dtype))

    def _heads(self, x):
        return ops.reshape(x, (*ops.shape(x)[:2], self.num_heads, self.head_dim))

    def project_back(self, heads: Any, some: slice = ALL) -> Any:
        return ops.reshape(heads, (*ops.shape(heads)[:2], self.num_heads * self.head_dim))
