"""Small layers inside of attention."""

from typing import Any

import keras
from keras import ops

from zoo.core.layer import LayerKind
from zoo.core.types import Probability


class Seeds(LayerKind):
    """Gives a new seed for attention dropout at every call of a training step; None otherwise."""

    def __init__(self, rate: Probability = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        if rate:
            self.generator = keras.random.SeedGenerator()
        self.built = True

    def call(self, training: Any = None) -> Any:
        return self.generator.next() if self.rate and training else None


class HeadNorm(LayerKind):
    """Heads `b t h e` of root mean square 1, times a learned scale a feature (Henry et al. 2020;
    in this form Chameleon Team 2024, section 2.3)."""

    def build(self, shape):
        self.scale = self.add_weight((shape[-1],), "ones", name="scale")
        self.built = True

    def call(self, heads):
        return unit(heads) * ops.cast(self.scale, heads.dtype)


def unit(heads: Any) -> Any:
    """`… e` -> the same, of root mean square 1."""
    wide = ops.cast(heads, "float32")
    size = ops.rsqrt(ops.mean(wide * wide, axis=-1, keepdims=True) + 1e-6)
    return ops.cast(wide * size, heads.dtype)
