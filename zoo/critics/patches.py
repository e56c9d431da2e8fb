"""Whether patches of a picture are real: PatchGAN's critic (Isola et al. 2017, arXiv:1611.07004,
section 3.2.2; as VQGAN has it)."""

import keras
from keras import ops

from zoo.core.convolutions import Padded
from zoo.core.types import PositiveInt
from zoo.critics import Critic

KERNEL, LEAK, WIDEST = 4, 0.2, 8
SPREAD = 0.02


class Patches(Critic):
    """`num_layers` convolutions of 4 × 4 halve a picture, each twice as wide as the one before,
    from `hidden_dim` up to eight times that; two more leave it its size, but for a place, and the
    last one scores. Between the first and the last, batches are normalised: those of real and of
    made pictures apart, by their own statistics. Raises ZooError for pictures of which nothing is
    left."""

    def __init__(self, hidden_dim: PositiveInt = 64, num_layers: PositiveInt = 3, **kwargs):
        super().__init__(**kwargs)
        self.hidden_dim, self.num_layers = hidden_dim, num_layers

    def build(self, x_shape):
        given, self.convs, self.norms = x_shape[-1], [], []
        for place in range(self.num_layers + 1):
            width = self.hidden_dim * min(2**place, WIDEST)
            strides = 2 if place < self.num_layers else 1
            self.convs.append(self._convolution(f"conv_{place}", given, width, strides, not place))
            self.norms.append(self._norm(f"norm_{place}", width) if place else None)
            given = width
        self.score = self._convolution("score", given, 1, 1, True)
        self.built = True

    def _convolution(self, name: str, given: int, width: int, strides: int, use_bias: bool):
        begins = keras.initializers.RandomNormal(0.0, SPREAD)
        like = {"strides": strides, "use_bias": use_bias, "kernel_initializer": begins}
        made = self.child(Around, width, KERNEL, sides="symmetric", name=name, **like)
        made.build((None, None, None, given))
        return made

    def _norm(self, name: str, width: int):
        like = {"gamma_initializer": keras.initializers.RandomNormal(1.0, SPREAD)}
        kind = keras.layers.BatchNormalization
        made = self.child(kind, momentum=0.9, epsilon=1e-5, name=name, **like)
        made.build((None, None, None, width))
        return made

    def call(self, images, training=None):
        x = images
        for conv, norm in zip(self.convs, self.norms):
            x = conv(x)
            x = ops.leaky_relu(norm(x, training=training) if norm else x, LEAK)
        return self.score(x)[..., 0]


class Around(Padded):
    """One place is added on every side, whatever the strides."""

    def call(self, x):
        x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return keras.layers.Conv2D.call(self, x)
