"""How attention is computed. Every kernel gives the answer of `dense`, at another price."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from zoo.attention.patterns import Pattern
from zoo.core.kinds import Kind
from zoo.core.places import Places
from zoo.positions import Position

HIDDEN = -1e30
"""The score of a key that may not be attended to: finite, so that no row becomes NaN."""


class Kernel(Kind):
    """The contract of every kernel."""

    shelf = "attention/kernels"
    takes_dropout: bool = True

    def __call__(
        self,
        query: Any,
        key: Any,
        value: Any,
        places: Places,
        pattern: Pattern,
        position: Position,
        dropout: Callable[[Any], Any] | None = None,
    ) -> Any:
        """query `b q h e`, key and value `b k g e` (g divides h) -> `b q h e`.

        `dropout`, if any, is applied to the attention weights. A query that may attend to
        nothing gives zeros.
        """
        raise NotImplementedError


def visible(places: Places, pattern: Pattern) -> Any:
    """Which keys each query attends to, bool `b 1 q k`; `1 1 q k` when all rows are alike."""
    if pattern.shift_invariant or places.shift is None:
        seen = pattern.allowed(places.query[:, None], places.key[None, :])[None]
    else:
        query, key = places.query_positions(), places.key_positions()
        seen = pattern.allowed(query[:, :, None], key[:, None, :])
    if places.shift is not None:
        seen = ops.logical_and(seen, (places.key_positions() >= 0)[:, None, :])
    if places.key_mask is not None:
        seen = ops.logical_and(seen, places.key_mask[:, None, :])
    return seen[:, None]


def every_query_sees(seen: Any) -> bool:
    """Whether it is known when the graph is made that no query attends to nothing."""
    return isinstance(seen, np.ndarray) and bool(seen.any(axis=-1).all())
