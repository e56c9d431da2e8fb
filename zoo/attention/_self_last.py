"""The rule of shared queries and keys for exact attention (Kitaev et al. 2020, section 2)."""

import numpy as np
from keras import ops

from zoo.attention._sorted_chunks import SELF
from zoo.positions import Position


class SelfLast(Position):
    """A token attends to itself only when it may attend to nothing else: its key is its query,
    so without this rule it would mostly see itself."""

    def score(self, query, tables, tile):
        distances = tile.distances()
        same = ops.where(distances == 0, np.float32(SELF), np.float32(0))
        return ops.reshape(same, (1, *ops.shape(same)[:2], -1))
