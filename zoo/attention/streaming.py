"""Attention with sinks: of a text without end the first tokens and the last ones are remembered.

StreamingLLM (Xiao et al. 2024, arXiv:2309.17453, section 3.2). Positions are those in the memory,
not in the text, so a model that was trained on short texts writes on for ever, at the same cost a
token.
"""

from typing import Any

from keras import ops

from zoo.attention import project
from zoo.attention.kernels import heads_first
from zoo.attention.multi_head import KeyValues, MultiHead
from zoo.core.loops import scan
from zoo.core.places import Places, span
from zoo.core.types import NonNegativeInt, PositiveInt
from zoo.positions import Position


class Streaming(MultiHead):
    """Without a state it is `multi_head`, and takes its weights. Behind a state every token sees
    the first `num_sinks` tokens and the last `window`, itself among them; others are forgotten.
    The state keeps keys as they were before they were placed. Raises ValueError for a position
    that is added to what they are projected of."""

    def __init__(self, window: PositiveInt, num_sinks: NonNegativeInt = 4, **kwargs):
        super().__init__(**kwargs)
        self.window, self.num_sinks = window, num_sinks
        if type(self.position).add is not Position.add:
            raise ValueError("keys are placed anew at every token: expected no every_layer.")

    @property
    def horizon(self):
        return self.num_sinks + self.window

    def initial_state(self, batch_size, num_slots):
        if isinstance(num_slots, int) and not num_slots:
            return ()
        return super().initial_state(batch_size, self.num_sinks + self.window)

    def remember(self, x, padding_mask, state, marks):
        if self.marks:
            raise ValueError(f"marks ({', '.join(self.marks)}) are not remembered.")
        parts = [project(part, x) for part in (self.query, self.key, self.value)]
        tokens = ops.ones(ops.shape(x)[:2], "bool") if padding_mask is None else padding_mask
        each = [_by_time(part) for part in (*parts, tokens)]
        length = ops.shape(x)[1] if x.shape[1] is None else x.shape[1]
        after, heads = scan(self._one, state, each, length)
        return self.project_back(_by_time(heads)), after

    def _one(self, state: KeyValues, token: Any) -> tuple[KeyValues, Any]:
        """The next state, and what one token, of which query `b h e`, key and value `b g e` and
        bool `b` are given, makes of it: heads `b h e`. Padding leaves the state as it is."""
        query, key, value, there = token
        new = [ops.cast(x, state.key.dtype)[:, :, None] for x in (key, value)]
        pairs = zip((state.key, state.value), new)
        kept = [self._append(old, x, state.length) for old, x in pairs]
        slots, length = self.num_sinks + self.window, state.length + 1
        shift = ops.minimum(length, slots) - slots
        places = Places(span(slots)[-1:], span(slots), shift)
        asked = self.place_query(query[:, None], places.query_positions())
        key = self.place_key(heads_first(kept[0]), places.key_positions())
        rules = self.rules(asked, places, self.seen, self.drop())
        value = ops.cast(heads_first(kept[1]), asked.dtype)
        heads = self.compute(asked, key, value, rules)
        fresh = KeyValues(*kept, length)
        after = [_where(there, one, other) for one, other in zip(fresh, state)]
        return KeyValues(*after), heads[:, 0]

    def _append(self, old: Any, new: Any, length: Any) -> Any:
        """A window `b g m e` and a token more, `b g 1 e` -> `b g m e`. Of a full one the oldest
        token goes that is no sink."""
        joined, slots = ops.concatenate([old, new], axis=2), self.num_sinks + self.window
        slot = ops.arange(slots, dtype="int32")[None]
        sink = (slot < self.num_sinks) & (length >= slots)[:, None]
        index = slot + ops.where(sink, 0, 1)
        return ops.take_along_axis(joined, ops.reshape(index, (-1, 1, slots, 1)), axis=2)


def _by_time(x: Any) -> Any:
    """`b t …` -> `t b …`, and back."""
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))


def _where(there: Any, one: Any, other: Any) -> Any:
    """Rows of one where bool `b` is true, else of the other."""
    return ops.where(ops.reshape(there, (-1, *(1,) * (len(one.shape) - 1))), one, other)
