"""Multi-head attention and, with fewer key-value heads, grouped and multi-query attention.

Vaswani et al. 2017, section 3.2; one key-value head is Shazeer 2019, anything between is Ainslie
et al. 2023.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.attention import Attention, advance
from zoo.core.window import append, count


class KeyValues(NamedTuple):
    """Keys and values of the last m tokens."""

    key: Any
    """`b m g e`"""
    value: Any
    """`b m g e`"""
    length: Any
    """int32 `b`, tokens seen."""


class MultiHead(Attention):
    """Softmax attention. Pattern: who attends to whom. Position: who stands where. Kernel: how."""

    def initial_state(self, batch_size, num_slots):
        if isinstance(num_slots, int) and not num_slots:
            return ()
        shape = (batch_size, num_slots, self.num_key_value_heads, self.head_dim)
        empty = ops.zeros(shape, self.compute_dtype)
        return KeyValues(empty, empty, ops.zeros((batch_size,), "int32"))

    def remember(self, x, padding_mask, state, marks):
        places = self.places(x, ops.shape(state.key)[1], state, padding_mask, marks)
        here = places.query_positions()
        query, (key, value) = self.ask(x, here), self.offer(x, here)
        tokens, fresh = count(padding_mask), self.kept(query, key, value)
        after = (append(old, new, tokens) for old, new in zip(state, fresh))
        length = advance(state.length, x, padding_mask)
        key, value, *more = (ops.concatenate(pair, axis=1) for pair in zip(state, fresh))
        out = self.attend(query, key, value, places, self.own_kernel(*more))
        return out, type(state)(*after, length)

    def kept(self, query: Any, key: Any, value: Any) -> tuple:
        """What the windows of the state keep, in their order: keys and values, `b t g e`, first."""
        return key, value
