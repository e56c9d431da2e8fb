"""How attention is computed. Every kernel gives the answer of `dense`, at another price."""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.attention.kernels._dropout import Drop
from zoo.attention.kernels._softmax import Softmax
from zoo.attention.patterns import Pattern
from zoo.core.kinds import Kind
from zoo.core.places import Places, Tile
from zoo.positions import Position

HIDDEN = -1e30
"""The score of a key that may not be attended to: finite, so that no row becomes NaN."""


class Rules(NamedTuple):
    """Everything that makes a table of scores but the queries and the keys."""

    places: Places
    pattern: Pattern
    position: Position
    tables: list = []
    """What the position knows of these places: its `tables`."""
    softmax: Softmax = Softmax()
    drop: Drop | None = None
    mask: Any = None
    """Which pairs may be seen at all, bool `b 1 q k`; only where the whole table is computed."""
    first_head: int = 0
    """The first of the heads of a layer that the table is of."""

    def scores(self, content: Any, query: Any, tables: list, tile: Tile) -> Any:
        """content `b c q x`, the products of queries `b c q e` with the x = n · k keys of a tile
        -> float32 scores, before anything is hidden."""
        scores, extra = ops.cast(content, "float32"), self.position.score(query, tables, tile)
        return self.softmax.cap(scores if extra is None else scores + ops.cast(extra, "float32"))

    def seen(self, tile: Tile, marks: Any = None) -> Any:
        """Whether the pattern lets queries attend to keys, bool `… c q x`; every axis may be 1."""
        query, key = (tile._replace(shift=None) if self.everywhere() else tile).positions()
        return flat(self.pattern.sees(query, key, tile.head[:, None, None, None], marks))

    def times(self, tile: Tile) -> Any:
        """What to add to the scores of pairs that count more than once, float32 `c q x`, or None:
        the logarithm of how often."""
        times = self.pattern.times(*tile.positions(), tile.head[:, None, None, None])
        return None if times is None else flat(np.log(np.maximum(times, 1)).astype("float32"))

    def everywhere(self) -> bool:
        """Whether the pattern is the same in all rows, however many tokens came before."""
        return self.pattern.shift_invariant or self.places.shift is None

    def table(self, num_heads: int) -> Tile:
        """The whole table as a tile."""
        places = self.places
        backward = self.pattern.causal and places.aligned
        head = self.first_head + np.arange(num_heads, dtype="int32")
        query, key = places.query[None], places.key[None, None]
        return Tile(head, query, key, places.farthest(), places.shift, backward, whole=True)


class Kernel(Kind):
    """The contract of every kernel."""

    shelf = "attention/kernels"

    def __call__(self, query: Any, key: Any, value: Any, rules: Rules) -> Any:
        """query `b q h e`, key and value `b k g e` (g divides h) -> `b q h e`.

        A query that may attend to nothing gives zeros.
        """
        query, key, value = (heads_first(x) for x in (query, key, value))
        heads, log_sum = self.attend(query * query.shape[-1] ** -0.5, key, value, rules)
        return heads_first(rules.softmax.finish(heads, log_sum))

    def refuses(self, attention: Any) -> str:
        """Why this kernel cannot compute what an attention asks; empty when it can."""
        return ""

    def attend(self, query: Any, key: Any, value: Any, rules: Rules) -> tuple[Any, Any]:
        """Scaled query `b h q e`, key and value `b g k e` -> heads `b h q e`, and the logarithm of
        the sum of the exponentials of each query's scores, float32 `b h q`."""
        raise NotImplementedError


def heads_first(x: Any) -> Any:
    """`b t h e` -> `b h t e`, and back."""
    return ops.transpose(x, (0, 2, 1, 3))


def flat(table: Any) -> Any:
    """`… n k` -> `… x`, with x = n · k."""
    reshape = np.reshape if isinstance(table, np.ndarray) else ops.reshape
    shape = table.shape if isinstance(table, np.ndarray) else ops.shape(table)
    return reshape(table, (*shape[:-2], -1))
