"""VQGAN: residual blocks and attention down to a small grid of codes, and back up (Esser et al.
2021, arXiv:2012.09841, table 7; as released in taming-transformers)."""

from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from zoo.backbones._autoencoder import Autoencoder, through
from zoo.blocks.image._parts import GROUPS, Normal
from zoo.blocks.image.attend import Attend
from zoo.blocks.image.convolution import Convolution
from zoo.blocks.image.residual import Residual
from zoo.blocks.image.upsample import Upsample
from zoo.codebooks import Codebook
from zoo.core.convolutions import UNIFORM
from zoo.core.errors import ZooError
from zoo.core.types import PositiveFloat, PositiveInt, Probability

GREY = 127.5


class Vqgan(Autoencoder):
    """Each level is `hidden_dim` times one of `multipliers` wide, and has sides of half of those of
    the level before. In the encoder a level has `num_layers` residual blocks, in the decoder one
    more; where the picture has sides of one of `attention_sizes`, attention of one head stands
    behind each, as it does between two blocks in the middle. `latent_dim` features a place go to
    the codebook, through a projection to the size of its codes. What is told of a place are its
    colours, from -1 to 1; the distance to the right ones stands for a likelihood.

    Raises ZooError for a size that cannot be halved from level to level, and for widths that are no
    multiple of 32, the groups of its norms.
    """

    def __init__(
        self,
        image_size: PositiveInt,
        codebook: Codebook,
        hidden_dim: PositiveInt = 128,
        multipliers: list[PositiveInt] | None = None,
        num_layers: PositiveInt = 2,
        attention_sizes: list[PositiveInt] | None = None,
        latent_dim: PositiveInt = 256,
        dropout: Probability = 0.0,
        layer_norm_epsilon: PositiveFloat = 1e-6,
        num_channels: PositiveInt = 3,
        dtype=None,
        **kwargs,
    ):
        # === Config ===
        self.hidden_dim, self.multipliers = hidden_dim, multipliers or [1, 1, 2, 2, 4]
        self.num_layers, self.attention_sizes = num_layers, attention_sizes or []
        self.latent_dim, self.dropout = latent_dim, dropout
        self.layer_norm_epsilon, self.policy = layer_norm_epsilon, dtype
        self.begin(codebook, image_size, len(self.multipliers) - 1, dtype)
        if hidden_dim % GROUPS:
            raise ZooError(f"found {hidden_dim}, expected a multiple of {GROUPS}.", "hidden_dim")

        # === Layers ===
        self.rescale = keras.layers.Rescaling(1 / GREY, -1, name="rescale", dtype=dtype)
        self.encoder_layers = list(self._encoder())
        self.project = self._convolution("project", self.codebook.code_dim, 1)
        self.project_back = self._convolution("project_back", latent_dim, 1)
        self.decoder_layers = list(self._decoder())
        self.output_conv = self._convolution("output_conv", num_channels)

        # === Functional Model ===
        self.model(num_channels, dtype, **kwargs)

    def _encoder(self) -> Iterator[Any]:
        widths = [self.hidden_dim * times for times in self.multipliers]
        size = self.image_size
        yield self._convolution("encoder_input", self.hidden_dim)
        for level, width in enumerate(widths):
            yield from self._level(f"encoder_{level}", width, self.num_layers, size)
            if level + 1 < len(widths):
                like = {"kernel_size": 3, "strides": 2, "padding": "same"}
                yield self._block(Convolution, f"encoder_{level}_smaller", width, **PLAIN, **like)
                size //= 2
        yield from self._middle("encoder", widths[-1])
        yield self._normal("encoder_norm")
        yield self._convolution("encoder_output", self.latent_dim)

    def _decoder(self) -> Iterator[Any]:
        widths = [self.hidden_dim * times for times in self.multipliers]
        size = self.grid[0]
        yield self._convolution("decoder_input", widths[-1])
        yield from self._middle("decoder", widths[-1])
        for level, width in reversed([*enumerate(widths)]):
            yield from self._level(f"decoder_{level}", width, self.num_layers + 1, size)
            if level:
                yield self._block(Upsample, f"decoder_{level}_larger", width)
                size *= 2
        yield self._normal("decoder_norm")

    def _level(self, name: str, width: int, number: int, size: int) -> Iterator[Any]:
        for place in range(number):
            yield self._residual(f"{name}_{place}", width)
            if size in self.attention_sizes:
                yield self._attend(f"{name}_{place}_attend", width)

    def _middle(self, name: str, width: int) -> Iterator[Any]:
        yield self._residual(f"{name}_middle_0", width)
        yield self._attend(f"{name}_middle_attend", width)
        yield self._residual(f"{name}_middle_1", width)

    def _residual(self, name: str, width: int) -> Any:
        like = {"dropout": self.dropout, "epsilon": self.layer_norm_epsilon}
        return self._block(Residual, name, width, **like)

    def _attend(self, name: str, width: int) -> Any:
        looks = {"kind": "multi_head", "num_heads": 1, "head_dim": width, "pattern": "full"}
        like = {"attention": looks, "epsilon": self.layer_norm_epsilon}
        return self._block(Attend, name, width, **like)

    def _block(self, kind: type, name: str, width: int, **options: Any) -> Any:
        return kind(hidden_dim=width, name=name, dtype=self.policy, **options)

    def _normal(self, name: str) -> Any:
        told = ("group_norm", "silu", self.layer_norm_epsilon)
        return Normal(*told, name=name, dtype=self.policy)

    def _convolution(self, name: str, width: int, kernel_size: int = 3) -> Any:
        like = {"padding": "same", "kernel_initializer": UNIFORM, "dtype": self.policy}
        return keras.layers.Conv2D(width, kernel_size, name=name, **like)

    def latents(self, images):
        return self.project(through(self.encoder_layers, self.rescale(images)))

    def features(self, hidden):
        return through(self.decoder_layers, self.project_back(hidden))

    def seen(self, told):
        return (ops.cast(told, "float32") + 1) / 2

    def nats(self, told, images):
        """The distance of colours from -1 to 1."""
        return ops.abs(ops.cast(told, "float32") - (images / GREY - 1))


PLAIN = {"norm": None, "activation": None, "use_bias": True}
