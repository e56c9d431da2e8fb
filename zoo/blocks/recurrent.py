"""Long short-term memory, attention where it is asked for, feed forward (Merity 2019, SHA-RNN)."""

from typing import Any, NamedTuple

from keras import ops

from zoo.attention import Attention, advance
from zoo.blocks import Block
from zoo.blocks._lstm import Lstm
from zoo.core.kinds import make


class Recalled(NamedTuple):
    """What a layer remembers of all tokens seen."""

    hidden: Any
    """`b d`"""
    cell: Any
    """`b d`"""
    attended: Any
    """What its attention remembers; `()` where there is none."""
    length: Any
    """int32 `b`, tokens seen."""


class Recurrent(Block):
    """What the memory gives takes the place of the stream. What attention, if there is one, and the
    feed-forward network give is added to the stream as it is behind a norm of its own. No gradient
    flows into a state."""

    def __init__(self, attention: Attention | None = None, **kwargs):
        super().__init__(**kwargs)
        inside = {"name": "attention", "dtype": self.dtype_policy}
        self.attention = attention and make(Attention, attention, **inside)
        attends = ("attention_norm",) if attention else ()
        self.norms = ("memory_norm", *attends, "output_norm", "feed_forward_norm")

    def build(self, x_shape):
        d = x_shape[-1]
        inside = {"name": "memory", "dtype": self.dtype_policy}
        self.memory = Lstm(d, spread=d**-0.5, forget_bias=False, **inside)
        self.memory.build(x_shape)
        super().build(x_shape)

    def initial_state(self, batch_size, num_slots):
        empty = ops.zeros((batch_size, self.memory.units), self.compute_dtype)
        attended = self.attention.initial_state(batch_size, num_slots) if self.attention else ()
        return Recalled(empty, empty, attended, ops.zeros((batch_size,), "int32"))

    def call(self, x, padding_mask=None, state=(), marks=None):
        x, *recalled = self.recall(self.memory_norm(x), padding_mask, state)
        attended = state.attended if state else ()
        if self.attention:
            x, attended = self.attend(x, padding_mask, state, marks)
        if state:
            state = Recalled(*recalled, attended, advance(state.length, x, padding_mask))
        fed = self.feed_forward(self.feed_forward_norm(x))
        return self.output_norm(x) + self.drop(fed), state

    def recall(self, x: Any, padding_mask: Any, state: Any) -> tuple[Any, Any, Any]:
        """What is remembered at each place of x, `b t d`, and at its end: output and cell `b d`."""
        start = None
        if state:
            begun = (state.length > 0)[:, None]
            start = [ops.where(begun, ops.stop_gradient(each), 0.0) for each in state[:2]]
        x, hidden, cell = self.memory(x, initial_state=start, mask=padding_mask)
        return self.drop(x), hidden, cell

    def attend(self, x: Any, padding_mask: Any, state: Any, marks: Any) -> tuple[Any, Any]:
        """x `b t d` with what it gives by looking at its own text, and what to remember of it."""
        before = state.attended if state else ()
        if before:  # to be forgotten, a text sets back one length alone
            before = before._replace(length=state.length)
        normal, told = self.attention_norm(x), {**(marks or {}), "source": x}
        attended, after = self.attention(normal, padding_mask, before, told)
        return normal + self.drop(attended), after
