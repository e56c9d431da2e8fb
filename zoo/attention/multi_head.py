"""Multi-head attention and, with fewer key-value heads, grouped and multi-query attention.

Vaswani et al. 2017, section 3.2; one key-value head is Shazeer 2019, anything between is Ainslie
et al. 2023.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.attention import Attention, advance
from zoo.attention.kernels import heads_first
from zoo.core.places import Places
from zoo.core.window import count, extend


class KeyValues(NamedTuple):
    """Keys and values of the last m tokens, as products want them: no step has to turn them."""

    key: Any
    """`b g m e`"""
    value: Any
    """`b g m e`"""
    length: Any
    """int32 `b`, tokens seen."""


class Told(NamedTuple):
    """The same, and which tokens they are of, for positions that ask."""

    key: Any
    """`b g m e`"""
    value: Any
    """`b g m e`"""
    token_ids: Any
    """int32 `b 1 m 1`"""
    length: Any
    """int32 `b`, tokens seen."""


class MultiHead(Attention):
    """Softmax attention. Pattern: who attends to whom. Position: who stands where. Kernel: how."""

    def initial_state(self, batch_size, num_slots):
        if isinstance(num_slots, int) and not num_slots:
            return ()
        shape = (batch_size, self.num_key_value_heads, num_slots, self.head_dim)
        empty = ops.zeros(shape, self.compute_dtype)
        none = ops.zeros((batch_size,), "int32")
        if "token_ids" in self.position.marks:
            return Told(empty, empty, ops.zeros((batch_size, 1, num_slots, 1), "int32"), none)
        return KeyValues(empty, empty, none)

    def remember(self, x, padding_mask, state, marks):
        places = self.places(x, ops.shape(state.key)[2], state, padding_mask, marks)
        here = places.query_positions()
        query, (key, value) = self.ask(x, here), self.offer(x, here)
        told = [of_key[:, :, None, None] for _, of_key in places.marks.values()]
        fresh, tokens = (*self.kept(query, key, value), *told), count(padding_mask)
        pairs = zip(state, (heads_first(new) for new in fresh))
        windows = [extend(old, new, tokens, axis=2) for old, new in pairs]
        key, value, *more = (heads_first(joined) for joined, _ in windows)
        places = _remembering(places, [more.pop() for _ in told][::-1])
        out = self.attend(query, key, value, places, self.own_kernel(*more))
        length = advance(state.length, x, padding_mask)
        return out, type(state)(*(last for _, last in windows), length)

    def kept(self, query: Any, key: Any, value: Any) -> tuple:
        """What the windows of the state keep, in their order: keys and values, `b t g e`, first."""
        return key, value


def _remembering(places: Places, told: list) -> Places:
    """Places whose marks of keys are those of the windows, `b k 1 1` each, too."""
    pairs = zip(places.marks.items(), told)
    marks = {name: (of_query, of_key[:, :, 0, 0]) for (name, (of_query, _)), of_key in pairs}
    return places._replace(marks=marks)
