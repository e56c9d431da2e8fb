"""DALL·E's autoencoder, a discrete VAE (Ramesh et al. 2021, arXiv:2102.12092, section 2.1 and
appendix A; as released)."""

import math
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from zoo.backbones._autoencoder import WHITE, Autoencoder, through
from zoo.blocks.image.scaled_residual import ScaledResidual
from zoo.codebooks import Codebook
from zoo.core.convolutions import FAN_IN
from zoo.core.pictures import larger
from zoo.core.types import PositiveInt

EDGE = 0.1
"""Colours lie between this and 1 less this, where logits of them are finite."""


class Dvae(Autoencoder):
    """A group of `num_layers` blocks is `hidden_dim` times one of `multipliers` wide; between two
    groups the largest of every square of four places is taken, or in the decoder every place
    repeated. The codebook scores codes from what the last group gives, and what it reads of them is
    what the decoder begins from. What is told of a place are the means of the logits of its
    colours, and the logarithms of their deviations: a logit-Laplace distribution (appendix A.3).

    Raises ZooError for a size that cannot be halved from group to group.
    """

    def __init__(
        self,
        image_size: PositiveInt,
        codebook: Codebook,
        hidden_dim: PositiveInt = 256,
        multipliers: list[PositiveInt] | None = None,
        num_layers: PositiveInt = 2,
        num_channels: PositiveInt = 3,
        dtype=None,
        **kwargs,
    ):
        # === Config ===
        self.hidden_dim, self.multipliers = hidden_dim, multipliers or [1, 2, 4, 8]
        self.num_layers, self.policy = num_layers, dtype
        self.begin(codebook, image_size, len(self.multipliers) - 1, dtype)

        # === Layers ===
        widths = [hidden_dim * times for times in self.multipliers]
        scale = (1 - 2 * EDGE) / WHITE
        self.rescale = keras.layers.Rescaling(scale, EDGE, name="rescale", dtype=dtype)
        self.input_conv = self._convolution("input_conv", hidden_dim, 7)
        self.encoder_groups = list(self._groups("encoder", widths, [3, 3, 3, 1]))
        self.decoder_groups = list(self._groups("decoder", widths[::-1], [1, 3, 3, 3]))
        self.output_conv = self._convolution("output_conv", 2 * num_channels, 1)

        # === Functional Model ===
        self.model(num_channels, dtype, **kwargs)

    def _groups(self, name: str, widths: list[int], kernels: list[int]) -> Iterator[list]:
        gain = 1 / (len(widths) * self.num_layers) ** 2
        like = {"kernel_sizes": kernels, "gain": gain, "dtype": self.policy}
        for group, width in enumerate(widths):
            names = (f"{name}_{group}_{place}" for place in range(self.num_layers))
            yield [ScaledResidual(hidden_dim=width, name=one, **like) for one in names]

    def _convolution(self, name: str, width: int, kernel_size: int) -> Any:
        like = {"padding": "same", "kernel_initializer": FAN_IN, "dtype": self.policy}
        return keras.layers.Conv2D(width, kernel_size, name=name, **like)

    def latents(self, images):
        x = self.input_conv(self.rescale(images))
        for group, layers in enumerate(self.encoder_groups):
            x = through(layers, ops.max_pool(x, 2, 2) if group else x)
        return ops.relu(x)

    def features(self, hidden):
        x = hidden
        for group, layers in enumerate(self.decoder_groups):
            x = through(layers, larger(x, 2) if group else x)
        return ops.relu(x)

    def seen(self, told):
        mean, _ = ops.split(ops.cast(told, "float32"), 2, axis=-1)
        return (ops.sigmoid(mean) - EDGE) / (1 - 2 * EDGE)

    def nats(self, told, images):
        """In nats, of the density of colours between 0.1 and 0.9; it may be below 0."""
        mean, log_scale = ops.split(ops.cast(told, "float32"), 2, axis=-1)
        x = (1 - 2 * EDGE) * images / WHITE + EDGE
        logit = ops.log(x) - ops.log(1 - x)
        away = ops.abs(logit - mean) * ops.exp(-log_scale)
        return math.log(2) + log_scale + ops.log(x * (1 - x)) + away
