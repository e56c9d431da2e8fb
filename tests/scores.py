"""The scores of position encodings, for the tests of positions."""

import numpy as np
from keras import ops

from zoo.attention.kernels import Rules
from zoo.attention.patterns import Pattern
from zoo.core.kinds import make
from zoo.core.places import Places
from zoo.positions import Position

BATCH, HEADS, SIZE = 2, 3, 8


def prepared(node, num_heads=HEADS, head_dim=SIZE, **options):
    position = make(Position, {**node, **options}, name="position")
    position.prepare(num_heads, head_dim)
    return position


def numpy(x):
    return ops.convert_to_numpy(ops.cast(x, "float32"))


def aligned(num_queries, num_keys, shift=None):
    key = np.arange(num_keys, dtype="int32")
    return Places(key[num_keys - num_queries :], key, shift)


def whole(position, places, num_heads=HEADS, causal=False):
    """The tables of a position, and the whole table of scores as a tile."""
    pattern = make(Pattern, "causal" if causal else "full")
    return position.tables(places, "float32"), Rules(places, pattern, position).table(num_heads)


def score(position, query, places, **options):
    """Scores of queries `b h q e`, in full."""
    tables, tile = whole(position, places, query.shape[1], **options)
    found = position.score(ops.convert_to_tensor(query), tables, tile)
    found = 0.0 if found is None else numpy(found)
    return np.broadcast_to(found, (*query.shape[:3], len(places.key)))
