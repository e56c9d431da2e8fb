"""Attention dropout that does not depend on how the table of scores is cut into tiles.

Whether a weight is dropped is a hash of the seed and of where it stands, so every kernel, forward
and backward, drops the same ones.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.core.places import Tile

PLACE = np.uint32(0x9E3779B1)
"""An odd number whose multiples fill 32 bits evenly."""


class Drop(NamedTuple):
    rate: float
    seed: Any
    """Two integers, as `keras.random.SeedGenerator` gives them."""

    def __call__(self, weights: Any, tile: Tile) -> Any:
        """weights `b c q x` -> the same, some of them 0 and the others larger."""
        seed = ops.cast(ops.convert_to_tensor(self.seed), "uint32")
        texts = ops.arange(ops.shape(weights)[0])[:, None] if tile.text is None else tile.text[None]
        row = mix(_unsigned(texts) * PLACE + seed[0])
        line = mix(_unsigned(tile.head) * PLACE + row + seed[1])[..., None]
        line = mix(_unsigned(tile.query) * PLACE + line)
        key = ops.reshape(_unsigned(tile.key) * PLACE, (ops.shape(tile.key)[0], 1, -1))
        drawn = ops.cast(ops.right_shift(mix(key + line[..., None]), 1), "int32")
        kept = drawn >= round(self.rate * 2**31)
        scale = ops.cast(1 / (1 - self.rate), weights.dtype)
        return ops.where(kept, weights * scale, ops.zeros((), weights.dtype))


def mix(bits: Any) -> Any:
    """Spread every bit of a uint32 over all others (the finalizer of MurmurHash3)."""
    bits = (bits ^ ops.right_shift(bits, 16)) * np.uint32(0x85EBCA6B)
    bits = (bits ^ ops.right_shift(bits, 13)) * np.uint32(0xC2B2AE35)
    return bits ^ ops.right_shift(bits, 16)


def _unsigned(values: Any) -> Any:
    return ops.cast(ops.convert_to_tensor(values), "uint32")
