"""Sines and cosines of geometrically growing wavelengths, added to the embedding.

Vaswani et al. 2017, section 3.5, with the sines in the first half of the features and the cosines
in the second, as Transformer-XL and tensor2tensor lay them out.
"""

from keras import ops

from zoo.core.places import positions, span
from zoo.core.types import PositiveFloat
from zoo.positions import Position


class Sinusoidal(Position):
    def __init__(self, base: PositiveFloat = 10_000.0, **kwargs):
        super().__init__(**kwargs)
        self.base = base

    def embed(self, x, start=None):
        return self(x, start)

    def call(self, x, start=None):
        places = positions(span(ops.shape(x)[1]), start)
        return x + ops.cast(waves(places, x.shape[-1], self.base), x.dtype)


def waves(places, size: int, base: float):
    """places `…` -> float32 `… size`: sin | cos of place · base^(-2i/size). Size is even."""
    frequencies = base ** (-ops.arange(0, size, 2, dtype="float32") / size)
    angles = ops.cast(places, "float32")[..., None] * frequencies
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
