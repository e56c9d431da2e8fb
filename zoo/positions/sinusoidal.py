"""Sines and cosines of geometrically growing wavelengths, added to the embedding.

Vaswani et al. 2017, section 3.5. Weights of one layout are of no use in another.
"""

import math
from typing import Literal

from keras import ops

from zoo.core.places import positions, span
from zoo.core.types import NonNegativeInt, PositiveFloat
from zoo.positions import Position


class Sinusoidal(Position):
    """`halves`: sines, then cosines, as Transformer-XL and Marian. `interleaved`: in turn, as the
    paper. `tensor2tensor`: halves whose last wavelength is exactly 2π `base`, as T2T and fairseq.

    `start` is the position of the first token; fairseq's is 2.
    """

    def __init__(
        self,
        base: PositiveFloat = 10_000.0,
        layout: Literal["halves", "interleaved", "tensor2tensor"] = "halves",
        start: NonNegativeInt = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.base, self.layout, self.start = base, layout, start

    def build(self, x_shape):
        if x_shape[-1] % 2:
            raise ValueError(
                f"sinusoidal: {x_shape[-1]} features, but half are sines: make it even."
            )
        self.built = True

    def embed(self, x, start=None):
        return self(x, start)

    def call(self, x, start=None):
        places = self.start + positions(span(ops.shape(x)[1]), start)
        return x + ops.cast(waves(places, x.shape[-1], self.base, self.layout), x.dtype)


def waves(places, size: int, base: float, layout: str = "halves"):
    """places `…` -> float32 `… size`: sines and cosines of the frequencies 1 down to about
    1 / base. Size is even."""
    steps = max(size // 2 - 1, 1) if layout == "tensor2tensor" else size / 2
    frequencies = ops.exp(ops.arange(size // 2, dtype="float32") * (-math.log(base) / steps))
    angles = ops.cast(places, "float32")[..., None] * frequencies
    if layout != "interleaved":
        return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
    pairs = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)
    return ops.reshape(pairs, (*ops.shape(angles)[:-1], size))
