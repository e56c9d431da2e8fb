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
    marks: dict[str, tuple[Any, Any]] = {}
    """What else is known of each token, by name: of the queries `b q` and of the keys `b k`."""
    aligned: bool = True
    """Whether the last query stands at the last key, as in every self-attention."""

    def query_positions(self) -> Any:
        """int `b q`, or `1 q` when all rows stand alike."""
        return positions(self.query, self.shift)

    def key_positions(self) -> Any:
        """int `b k`, or `1 k` when all rows stand alike."""
        return positions(self.key, self.shift)

    def farthest(self) -> Any:
        """The distance from the first key to the last query."""
        return self.query[-1] - self.key[0]

    def tokens(self) -> Any:
        """Which keys are tokens, neither padding nor empty slots: bool `b k`; None when all are."""
        if self.shift is None:
            return self.key_mask
        filled = self.key_positions() >= 0
        return filled if self.key_mask is None else ops.logical_and(filled, self.key_mask)

    def known(self) -> bool:
        """Whether the places are known when the graph is made."""
        return isinstance(self.query, np.ndarray) and isinstance(self.key, np.ndarray)


class Tile(NamedTuple):
    """A part of the table of scores: c rows, in each q queries against n blocks of k keys.

    The whole table is a tile with a row a head and one block. All places count from the first key
    slot; inside a row, and inside a block, they are consecutive.
    """

    head: Any
    """int32 `c`, the query head of each row."""
    query: Any
    """int32 `c q`, or `1 q` when all rows stand alike."""
    key: Any
    """int32 `c n k`, or `1 1 k`."""
    farthest: Any
    """The largest distance in the whole table, from the first key to the last query."""
    shift: Any = None
    """int32 `b`: place + shift is the position in the text."""
    backward: bool = False
    """Whether the last query is the last key and scores of later keys need not be right."""
    whole: bool = False
    """Whether it is the whole table: of consecutive heads that NumPy knows, all in one block."""
    text: Any = None
    """int32 `c`, the text each row belongs to, where the texts of a batch are rows of one table."""

    def distances(self) -> Any:
        """int32 `c q n k`: how far each key lies before each query."""
        return self.query[:, :, None, None] - self.key[:, None]

    def positions(self) -> tuple[Any, Any]:
        """Queries `… c q 1 1` and keys `… c 1 n k` in the text; `…` is b when rows differ."""
        query, key = self.query[:, :, None, None], self.key[:, None]
        if self.shift is None:
            return query, key
        shift = ops.reshape(self.shift, (-1, 1, 1, 1, 1))
        return query + shift, key + shift


def span(length: Any) -> Any:
    """int32 0 to `length - 1`: NumPy when the length is known, a tensor when it is not."""
    if isinstance(length, int):
        return np.arange(length, dtype="int32")
    return ops.arange(length, dtype="int32")


def positions(places: Any, start: Any = None) -> Any:
    """int32 `t`, consecutive, and start int32 `b` -> `b t`; without a start all rows stand alike,
    `1 t`."""
    if isinstance(places, np.ndarray) and places.size:
        # Counted when the graph runs, not written into it: it may be used a hundred times.
        places = ops.arange(int(places[0]), int(places[-1]) + 1, dtype="int32")
    return places[None] if start is None else places[None] + start[:, None]


def told(mark: Any, index: Any, text: Any = None) -> Any:
    """A mark `b t` at places `c …` -> `b c …`; where the texts are rows of one table, int32 `c`,
    `1 c …`."""
    if text is None:
        return ops.take(mark, index, axis=1)
    text = ops.reshape(text, (-1, *(1,) * (len(index.shape) - 1)))
    return ops.take(ops.reshape(mark, (-1,)), index + text * ops.shape(mark)[1])[None]
