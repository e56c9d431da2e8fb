"""Attention to another text: queries from one, keys and values from the source (Vaswani et al.
2017, section 3.2.3).

What the source gives is the same for every token written, so it is projected once and remembered.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.attention import Attention
from zoo.attention.kernels import heads_first
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.core.places import Places, span
from zoo.core.types import PositiveInt
from zoo.positions import Position, attends


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
    bool `b k`, unless a state remembers it. Its own tokens are never masked: padding asks too.
    `source_position` tells where the tokens of the source stand, if not in the same way. Raises
    ZooError for one that does more than to add something to what keys are projected of."""

    def __init__(
        self,
        num_heads: PositiveInt,
        head_dim: PositiveInt,
        source_position: Position | None = None,
        **kwargs,
    ):
        super().__init__(num_heads=num_heads, head_dim=head_dim, **{"pattern": "full", **kwargs})
        inside = {"name": "source_position", "dtype": self.dtype_policy}
        self.source_position = source_position and make(Position, source_position, **inside)
        if self.source_position and not only_adds(self.source_position):
            kind = to_config(self.source_position)["kind"]
            raise ZooError(f"found {kind}, expected every_layer.", "source_position")

    def stand_on(self, height, width, num_tokens=0):
        self.grid = (height, width)
        self.offered_position.stand_on(height, width)

    def tie(self, first):
        super().tie(first)
        if self.source_position and isinstance(first, Cross) and first.source_position:
            self.source_position.tie(first.source_position)

    def build(self, x_shape):
        if self.source_position:
            self.source_position.prepare(self.num_heads, self.head_dim, x_shape[-1])
        super().build(x_shape)

    @property
    def offered_position(self):
        return self.source_position or self.position

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
        offered = self.offer(hidden, span(ops.shape(hidden)[1])[None], mask=mask)
        if mask is None:
            mask = ops.ones(ops.shape(hidden)[:2], "bool")
        return Source(*(heads_first(x) for x in offered), mask)

    def initial_state(self, batch_size, num_slots):
        """A source of no tokens, until one is told."""
        if isinstance(num_slots, int) and not num_slots:
            return ()
        shape = (batch_size, self.num_key_value_heads, 0, self.head_dim)
        empty = ops.zeros(shape, self.compute_dtype)
        return Source(empty, empty, ops.zeros((batch_size, 0), "bool"))


def only_adds(position: Position) -> bool:
    """Whether a position tells nothing of pairs, and turns nothing."""
    own = type(position)
    return attends(position) and own.rotate is Position.rotate and own.score is Position.score
