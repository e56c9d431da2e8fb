"""What blocks share that attend to their own text, then to a source."""

from typing import Any, NamedTuple

from zoo.attention import Attention
from zoo.blocks._attending import Attending
from zoo.core.kinds import make


class Crossed(NamedTuple):
    """What both attentions of a block remember."""

    own: Any
    source: Any

    @property
    def length(self) -> Any:
        """int32 `b`, tokens seen of the own text; None where only the source is remembered."""
        return self.own.length if self.own else None


class Crossing(Attending):
    """`cross_attention` looks at the source, which the marks `source` (hidden states `b k d`) and
    `source_mask` (bool `b k`) tell of, or the state remembers."""

    norms = ("attention_norm", "cross_attention_norm", "feed_forward_norm")

    def __init__(self, cross_attention: Attention, **kwargs):
        super().__init__(**kwargs)
        inside = {"name": "cross_attention", "dtype": self.dtype_policy}
        self.cross_attention = make(Attention, cross_attention, **inside)

    @property
    def marks(self):
        return (*super().marks, "source", "source_mask")

    def tie(self, first):
        super().tie(first)
        if isinstance(first, Crossing):
            self.cross_attention.tie(first.attention)
            self.cross_attention.tie(first.cross_attention)

    def build(self, x_shape):
        self.cross_attention.build(x_shape)
        super().build(x_shape)

    def initial_state(self, batch_size, num_slots):
        parts = (self.attention, self.cross_attention)
        own, source = (part.initial_state(batch_size, num_slots) for part in parts)
        return Crossed(own, source) if own else ()

    def attend(self, x: Any, padding_mask: Any, state: Any, marks: Any) -> tuple[Any, Any]:
        """What x gives by looking at its own text, and the next state."""
        own = state.own if state else ()
        attended, own = self.attention(x, padding_mask, own, marks)
        return self.drop(attended), state._replace(own=own) if state else ()

    def cross(self, x: Any, state: Any, marks: Any) -> tuple[Any, Any]:
        """What x gives by looking at the source, and the next state."""
        source = state.source if state else ()
        attended, source = self.cross_attention(x, None, source, marks)
        return self.drop(attended), state._replace(source=source) if state else ()
