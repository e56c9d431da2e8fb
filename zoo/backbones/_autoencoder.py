"""What backbones share that write pictures as codes, and codes as pictures."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.codebooks import Codebook
from zoo.core.errors import ZooError
from zoo.core.kinds import make

WHITE = 255.0


class Rebuilt(NamedTuple):
    """Pictures, and what is left of them behind their codes."""

    images: Any
    """float32 `b y x c`, 0 to 255, as they were given."""
    told: Any
    """`b y x n`: what the last layer tells of each place."""
    features: Any
    """`b y x d`: what that layer is told."""
    codes: Any
    """int32 `b y x`, of the smaller grid."""
    loss: Any
    """float32: what the codebook wants minimised."""


class Autoencoder(Backbone):
    """The contract of autoencoders with a `codebook`, of pictures of `image_size` × `image_size`
    places.

    Call with `{"images": b y x c, 0 to 255}` -> the same pictures behind their codes, float32
    `b y x c`, 0 to 255. Decoders read any number of rows and columns of codes.
    """

    codebook: Codebook
    output_conv: keras.layers.Layer
    """The last layer, which tells of each place."""

    def begin(self, codebook: Any, image_size: int, halvings: int, dtype: Any) -> None:
        """Keep what all have. Raises ZooError for a size that cannot be halved so often."""
        side = 2**halvings
        if image_size % side:
            text = f"found {image_size}, expected a multiple of {side}: {halvings} halvings."
            raise ZooError(text, "image_size")
        self.codebook = make(Codebook, codebook, name="codebook", dtype=dtype)
        self.image_size, self.grid = image_size, (image_size // side, image_size // side)

    def model(self, num_channels: int, dtype: Any, **kwargs: Any) -> None:
        """Build the model of Keras."""
        self.num_channels = num_channels
        size = (self.image_size, self.image_size, num_channels)
        inputs = {"images": keras.Input(size, name="images")}
        super().__init__(inputs, self.run(inputs)[0], dtype=dtype, **kwargs)

    def run(self, inputs, state=()):
        return self.shown(self.rebuild(inputs["images"]).told), ()

    def rebuild(self, images: Any) -> Rebuilt:
        """Pictures `b y x c`, 0 to 255, through their codes."""
        coded = self.codebook(self.latents(images))
        features = self.features(coded.hidden)
        told = self.output_conv(features)
        return Rebuilt(ops.cast(images, "float32"), told, features, coded.codes, coded.loss)

    def codes(self, images: Any) -> Any:
        """Pictures `b y x c`, 0 to 255 -> int32 `b y x`."""
        return self.codebook.codes(self.latents(images))

    def paint(self, codes: Any) -> Any:
        """int32 `b y x` -> pictures float32 `b y x c`, 0 to 255."""
        return self.shown(self.output_conv(self.features(self.codebook.embed(codes))))

    def shown(self, told: Any) -> Any:
        """What is told of places -> pictures float32 `b y x c`, 0 to 255."""
        return ops.clip(self.seen(told), 0.0, 1.0) * WHITE

    def latents(self, images: Any) -> Any:
        """Pictures `b y x c`, 0 to 255 -> what the codebook is given, `b y x d`."""
        raise NotImplementedError

    def features(self, hidden: Any) -> Any:
        """What stands for codes, `b y x e` -> what the last layer is told, `b y x d`."""
        raise NotImplementedError

    def seen(self, told: Any) -> Any:
        """What is told of places -> pictures float32 `b y x c`; 0 is black and 1 white, but nothing
        is cut off."""
        raise NotImplementedError

    def nats(self, told: Any, images: Any) -> Any:
        """What is told of places, and pictures, 0 to 255 -> the negative log-likelihood of each
        number, or what stands for it, float32 `b y x c`."""
        raise NotImplementedError

    def initial_state(self, batch_size, num_slots):
        return ()


def through(layers: list, x: Any) -> Any:
    """x behind all of them."""
    for layer in layers:
        x = layer(x)
    return x
