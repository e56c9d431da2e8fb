"""Attention with linear biases: score − slope · |distance| (Press et al. 2022, section 3).

No weights and no longest text: trained on short ones, it reads longer ones.
"""

import numpy as np
from keras import ops

from zoo.positions import Position


class Alibi(Position):
    def build(self, shape):
        self.slopes = slopes(shape[0])
        self.built = True

    def score(self, query, tables, tile):
        # made as the graph runs: a table known before would be saved with it
        distances = ops.abs(ops.subtract(tile.query[:, :, None, None], tile.key[:, None]))
        slopes = ops.take(self.slopes, tile.head, axis=0)[:, None, None, None]
        scores = -slopes * ops.cast(distances, "float32")
        rows, queries, blocks, keys = ops.shape(scores)
        return ops.reshape(scores, (1, rows, queries, blocks * keys))


def slopes(num_heads: int) -> np.ndarray:
    """float32 `h`: 2^(-8i/h) for a power of two; else those of the power p below, then every other
    one of 2p."""
    power = 1 << num_heads.bit_length() - 1
    whole = np.arange(1, power + 1)
    return (2.0 ** (-8 / power * np.concatenate([whole, whole - 0.5])))[:num_heads].astype(
        "float32"
    )
