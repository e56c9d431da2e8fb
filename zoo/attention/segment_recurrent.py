"""Segment-level recurrence: attention over remembered hidden states (Dai et al. 2019, 3.2).

Keys and values come from the remembered inputs of this layer and the segment; no gradient flows
into the memory. With the position `relative_xl` it is Transformer-XL.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.attention import Attention, advance
from zoo.attention.patterns.local import Local
from zoo.core.types import NonNegativeInt
from zoo.core.window import count, extend


class Memory(NamedTuple):
    """The inputs of a layer for the last m tokens."""

    hidden: Any
    """`b m d`"""
    length: Any
    """int32 `b`, tokens seen."""


class SegmentRecurrent(Attention):
    """`memory_length` tokens are remembered, whatever the length of a segment.

    `same_length` lets every query attend to exactly the `memory_length` tokens before it and
    itself, so that a text scores the same however it is cut into segments.
    """

    def __init__(self, memory_length: NonNegativeInt, same_length: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.memory_length, self.same_length = memory_length, same_length
        if same_length:
            self.seen = self.pattern & Local(memory_length)

    def initial_state(self, batch_size, num_slots):
        shape = (batch_size, self.memory_length, self.query.kernel.shape[0])
        return Memory(ops.zeros(shape, self.compute_dtype), ops.zeros((batch_size,), "int32"))

    def remember(self, x, padding_mask, state, marks):
        places = self.places(x, self.memory_length, state, padding_mask, marks)
        context, after = recall(state, x, padding_mask)
        query = self.ask(x, places.query_positions())
        key, value = self.offer(context, places.key_positions())
        return self.attend(query, key, value, places), after


def recall(memory: Memory, x: Any, padding_mask: Any) -> tuple[Any, Memory]:
    """x, `b t d`, behind what is remembered, `b m+t d`, and what is remembered of both."""
    before = ops.stop_gradient(ops.cast(memory.hidden, x.dtype))
    context, last = extend(before, x, count(padding_mask))
    return context, Memory(last, advance(memory.length, x, padding_mask))
