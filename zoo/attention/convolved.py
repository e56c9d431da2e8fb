"""Attention with projections that look around: each feature is convolved by itself before it, and
keys and values by steps (Wu et al. 2021, CvT, section 3.2)."""

import keras
from keras import ops

from zoo.attention._of_picture import OfPicture
from zoo.core.convolutions import Depthwise, steps
from zoo.core.errors import ZooError
from zoo.core.kinds import to_config
from zoo.core.layer import LayerKind
from zoo.core.pictures import in_a_row, on_a_grid
from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions import compares


class Convolved(OfPicture):
    """Keys and values are of so many rows and columns one (`key_value_strides`). Tokens before the
    places of a picture are projected as they are. Scores are divided by the root of the features of
    all heads together, as released. Raises ZooError for a position that compares queries and keys:
    convolutions tell where they stand."""

    def __init__(
        self,
        num_heads: PositiveInt,
        head_dim: PositiveInt,
        kernel_size: PositiveInt = 3,
        key_value_strides: PositiveInt = 2,
        epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(num_heads, head_dim, **kwargs)
        self.kernel_size, self.key_value_strides = kernel_size, key_value_strides
        self.epsilon = epsilon
        if compares(self.position):
            kind = to_config(self.position)["kind"]
            raise ZooError(f"found {kind}, but convolutions tell where places stand.", "position")

    @property
    def key_grid(self):
        sizes = (self.kernel_size, self.key_value_strides, "symmetric")
        return tuple(steps(side, *sizes) for side in self.sides())

    def build(self, x_shape):
        super().build(x_shape)
        options = {"kernel_size": self.kernel_size, "epsilon": self.epsilon}
        for name in ("query", "key", "value"):
            strides = 1 if name == "query" else self.key_value_strides
            around = self.child(Around, strides=strides, name=f"around_{name}", **options)
            around.build((None, *self.sides(), x_shape[-1]))
            setattr(self, f"around_{name}", around)

    def heads(self, x):
        placed = self.placed(x)
        query = self.query(self.look(self.around_query, placed)) * self.num_heads**-0.5
        key = self.key(self.look(self.around_key, placed))
        return query, key, self.value(self.look(self.around_value, x))

    def look(self, around, x):
        """x `b t d` -> the same, or fewer, of which each has looked around."""
        first, places = x[:, : self.num_tokens], x[:, self.num_tokens :]
        seen = in_a_row(around(on_a_grid(places, self.sides())))
        return ops.concatenate([first, seen], axis=1) if self.num_tokens else seen


class Around(LayerKind):
    """A convolution of each feature by itself, normalised over batches."""

    def __init__(
        self,
        kernel_size: PositiveInt,
        strides: PositiveInt = 1,
        epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.kernel_size, self.strides, self.epsilon = kernel_size, strides, epsilon

    def build(self, x_shape):
        sizes = {"kernel_size": self.kernel_size, "strides": self.strides, "sides": "symmetric"}
        self.conv = self.child(Depthwise, name="conv", use_bias=False, **sizes)
        normal = {"momentum": 0.9, "epsilon": self.epsilon, "name": "normalize"}
        self.normalize = self.child(keras.layers.BatchNormalization, **normal)
        for layer in (self.conv, self.normalize):
            layer.build(x_shape)
        self.built = True

    def call(self, x):
        return self.normalize(self.conv(x))
