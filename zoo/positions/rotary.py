"""Rotary positions: pairs of features turn with the position (Su et al. 2021, section 3.4).

The product of a turned query and a turned key depends on their distance only.
"""

from typing import Literal

from keras import ops

from zoo.core.recompute import behind
from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions import Position
from zoo.positions._frequencies import frequencies, magnitude


class Rotary(Position):
    """The first `rotary_dim` features turn, all by default; the others stay as they are.

    `halves` turns feature i with i + rotary_dim / 2 (LLaMA, GPT-NeoX), `interleaved` 2i with
    2i + 1 (the paper, GPT-J).

    `scaling` reads texts `factor` times as long as those of training, which were
    `original_max_sequence_length` long: `linear` positions divided by it (Chen et al. 2023); `ntk`
    a larger base, the same for texts of every length; `yarn` by arXiv 2309.00071, section 3.4;
    `yarn_released` with the rounded ramp of its authors' code, and of most checkpoints.
    """

    def __init__(
        self,
        base: PositiveFloat = 10_000.0,
        rotary_dim: PositiveInt | None = None,
        layout: Literal["halves", "interleaved"] = "halves",
        scaling: Literal["linear", "ntk", "yarn", "yarn_released"] | None = None,
        factor: PositiveFloat = 1.0,
        original_max_sequence_length: PositiveInt | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.base, self.rotary_dim, self.layout = base, rotary_dim, layout
        self.scaling, self.factor = scaling, factor
        self.original_max_sequence_length = original_max_sequence_length
        if rotary_dim and rotary_dim % 2:
            raise ValueError(f"rotary_dim {rotary_dim} must be even: features turn in pairs.")
        if scaling is None and factor != 1:
            raise ValueError(f"factor {factor} does nothing without scaling.")
        if scaling in ("yarn", "yarn_released") and not original_max_sequence_length:
            raise ValueError(f"scaling {scaling} needs original_max_sequence_length.")

    def build(self, shape):
        head_dim = shape[1]
        size = self.rotary_dim or head_dim
        if size > head_dim or size % 2:
            found = f"rotary: {size} features of a head_dim of {head_dim} cannot turn"
            raise ValueError(f"{found}: an even number of at most as many can.")
        self.frequencies = frequencies(
            size, self.base, self.scaling, self.factor, self.original_max_sequence_length
        )
        self.built = True

    def rotate(self, heads, positions):
        size = 2 * len(self.frequencies)
        # Or TensorFlow computes the angles of all layers before the first, and holds them.
        positions = behind(positions, heads)
        angles = ops.cast(positions, "float32")[..., None, None] * self.frequencies
        length = magnitude(self.scaling, self.factor)
        turned = self.turn(ops.cast(heads[..., :size], "float32"), angles) * length
        turned = ops.cast(turned, heads.dtype)
        if size == heads.shape[-1]:
            return turned
        return ops.concatenate([turned, heads[..., size:]], axis=-1)

    def turn(self, x, angles):
        """x `b t h e` by angles `b t 1 e/2`."""
        cos, sin = ops.cos(angles), ops.sin(angles)
        if self.layout == "halves":
            first, second = ops.split(x, 2, axis=-1)
            return ops.concatenate([first * cos - second * sin, second * cos + first * sin], -1)
        first, second = x[..., ::2], x[..., 1::2]
        pairs = ops.stack([first * cos - second * sin, second * cos + first * sin], axis=-1)
        return ops.reshape(pairs, ops.shape(x))
