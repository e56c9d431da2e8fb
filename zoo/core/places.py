"""Where queries and keys stand.

In every attention of the zoo the keys are the last `k` places up to the last query: what is
remembered, then the segment itself. So the distance between a query and a key is known when the
graph is made; what is only known when it runs is how many tokens came before, one number a row.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops


class Places(NamedTuple):
    """Places of queries and keys, counted from the first key slot.

    A place plus `shift` is a position in the text; keys at positions below 0 are empty slots.
    """

    query: Any
    """int32 `q`, consecutive. NumPy where the length is known when the graph is made."""
    key: Any
    """int32 `k`, consecutive. NumPy where the length is known when the graph is made."""
    shift: Any = None
    """int32 `b`, or None for 0 in every row."""
    key_mask: Any = None
    """bool `b k`, True where a key is a token and not padding; None when all are."""
    causal: bool = True
    """Whether no query looks ahead: scores of later keys need not be right."""

    def query_positions(self) -> Any:
        """int `b q`, or `1 q` when all rows stand alike."""
        return positions(self.query, self.shift)

    def key_positions(self) -> Any:
        """int `b k`, or `1 k` when all rows stand alike."""
        return positions(self.key, self.shift)

    def part(self, queries: slice, keys: slice) -> "Places":
        """The places of some queries and keys; both must stay consecutive, and for causal scores
        the last query must stay the last key."""
        mask = None if self.key_mask is None else self.key_mask[:, keys]
        return Places(self.query[queries], self.key[keys], self.shift, mask, self.causal)


def span(length: Any) -> Any:
    """int32 0 to `length - 1`: NumPy when the length is known, a tensor when it is not."""
    if isinstance(length, int):
        return np.arange(length, dtype="int32")
    return ops.arange(length, dtype="int32")


def positions(places: Any, start: Any = None) -> Any:
    """int32 `t` and start int32 `b` -> `b t`; without a start all rows stand alike, `1 t`."""
    return places[None] if start is None else places[None] + start[:, None]
