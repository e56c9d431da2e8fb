"""Attention to another text: queries from one, keys and values from the source (Vaswani et al.
2017, section 3.2.3).

What the source gives is the same for every token written, so it is projected once and remembered.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.attention import Attention
from zoo.attention.kernels import heads_first
from zoo.core.places import Places, span
from zoo.core.types import PositiveInt


class Source(NamedTuple):
    """Keys and values of a source of k tokens."""

    key: Any
    """`b g k e`"""
    value: Any
    """`b g k e`"""
    mask: Any
    """bool `b k`, True for tokens."""


class Cross(Attention):
    """Is told of the source by the marks `source`, its hidden states `b k d`, and `source_mask`,
    bool `b k`, unless a state remembers it. Its own tokens are never masked: padding asks too."""

    def __init__(self, num_heads: PositiveInt, head_dim: PositiveInt, **kwargs):
        super().__init__(num_heads=num_heads, head_dim=head_dim, **{"pattern": "full", **kwargs})

    def call(self, x, padding_mask=None, state=(), marks=None, training=None):
        """x `b q d` -> `b q d`, and the source to remember; `()` for a state of `()`.
        Raises ValueError when there is no source."""
        source = self.remembered(state, marks or {})
        places = Places(span(ops.shape(x)[1]), span(ops.shape(source.key)[2]), None, source.mask)
        query = self.ask(x, places.query_positions())
        key, value = heads_first(source.key), heads_first(source.value)
        answer = self.attend(query, key, value, places._replace(aligned=False))
        return answer, source if state else ()

    def remembered(self, state: Any, marks: dict[str, Any]) -> Source:
        """The source told of, else the one remembered."""
        hidden, mask = marks.get("source"), marks.get("source_mask")
        if hidden is None:
            if not state:
                raise ValueError("cross attention is told of no source, and remembers none.")
            return state
        if mask is None:
            mask = ops.ones(ops.shape(hidden)[:2], "bool")
        offered = self.offer(hidden, span(ops.shape(hidden)[1])[None])
        return Source(*(heads_first(x) for x in offered), mask)

    def initial_state(self, batch_size, num_slots):
        """A source of no tokens, until one is told."""
        if isinstance(num_slots, int) and not num_slots:
            return ()
        shape = (batch_size, self.num_key_value_heads, 0, self.head_dim)
        empty = ops.zeros(shape, self.compute_dtype)
        return Source(empty, empty, ops.zeros((batch_size, 0), "bool"))
