"""Small layers inside blocks of pictures."""

from typing import Any

import keras
from keras import ops

from zoo.core.activations import ACTIVATIONS
from zoo.core.batch_norm import BatchNorm
from zoo.core.layer import LayerKind
from zoo.core.types import Activation, ImageNorm, PositiveFloat, PositiveInt, Probability

GROUPS = 32
INITIALIZER = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
"""As ResNets begin (He et al. 2015)."""


class Normal(LayerKind):
    """Normalise, then activate. `batch_norm`: statistics of batches, of which 1 - `momentum` is
    taken over a step (Ioffe and Szegedy 2015); `frozen_batch_norm`: those that were loaded, with a
    scale and an offset that are not trained either; `group_norm`: those of 32 groups of features of
    each picture (Wu and He 2018); `layer_norm`: those of each place. `zero` begins with a scale of
    0."""

    def __init__(
        self,
        norm: ImageNorm = "batch_norm",
        activation: Activation | None = None,
        epsilon: PositiveFloat = 1e-5,
        momentum: Probability = 0.9,
        zero: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.norm, self.activation, self.epsilon = norm, activation, epsilon
        self.momentum, self.zero = momentum, zero

    def build(self, x_shape):
        frozen, options = self.norm == "frozen_batch_norm", {"epsilon": self.epsilon}
        zero = self.zero and not frozen  # or its branch would never come to anything
        options["gamma_initializer"] = "zeros" if zero else "ones"
        batch = {"momentum": self.momentum, "trainable": not frozen}
        kind, more = {
            "group_norm": (keras.layers.GroupNormalization, {"groups": GROUPS}),
            "layer_norm": (keras.layers.LayerNormalization, {}),
        }.get(self.norm, (BatchNorm, batch))
        self.normalize = self.child(kind, name="normalize", **options, **more)
        self.normalize.build(x_shape)
        self.built = True

    def compute_output_spec(self, x: Any) -> Any:
        return self.same_shape(x)

    def call(self, x):
        x = self.normalize(x)
        return ACTIVATIONS[self.activation](x) if self.activation else x


class SqueezeExcite(LayerKind):
    """Weigh the features of a picture by what their means tell (Hu et al. 2018)."""

    def __init__(
        self,
        reduced_dim: PositiveInt,
        activation: Activation = "silu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.reduced_dim, self.activation = reduced_dim, activation

    def build(self, x_shape):
        size, few = x_shape[-1], (*x_shape[:-1], self.reduced_dim)
        self.narrow = self.dense(self.reduced_dim, x_shape, "narrow", INITIALIZER, True)
        self.widen = self.dense(size, few, "widen", INITIALIZER, True)
        self.built = True

    def compute_output_spec(self, x: Any) -> Any:
        return self.same_shape(x)

    def call(self, x):
        means = ops.mean(x, axis=(1, 2), keepdims=True)
        narrow = ACTIVATIONS[self.activation](self.narrow(means))
        return x * ops.sigmoid(self.widen(narrow))


class Shortcut(LayerKind):
    """A picture made smaller by the means of its `strides` × `strides` squares, and projected where
    it becomes deeper (CoAtNet)."""

    def __init__(
        self,
        hidden_dim: PositiveInt,
        strides: PositiveInt = 1,
        use_bias: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hidden_dim, self.strides, self.use_bias = hidden_dim, strides, use_bias

    def build(self, x_shape):
        like = ("project", INITIALIZER, self.use_bias)
        deeper = x_shape[-1] != self.hidden_dim
        self.project = deeper and self.dense(self.hidden_dim, x_shape, *like)
        self.built = True

    def call(self, x):
        x = pooled(x, self.strides)
        return self.project(x) if self.project else x


def pooled(x: Any, strides: int) -> Any:
    """The means of squares of a picture, `b y x d`; those at an end that is left are smaller."""
    return x if strides == 1 else ops.average_pool(x, strides, strides, padding="same")
