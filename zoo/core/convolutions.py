"""Convolutions of pictures, padded as PyTorch or as TensorFlow does it."""

from typing import Any

import keras
from keras import ops

UNIFORM = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
"""As PyTorch begins convolutions."""
FAN_IN = keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal")
"""What goes out varies as much as what comes in."""


class Sided:
    """Pads as a block says, before a class of Keras that convolves."""

    def __init__(self, *args: Any, sides: str, **kwargs: Any):
        super().__init__(*args, padding=border(sides), **kwargs)
        self.sides = sides

    def call(self, x):
        return super().call(padded(x, self.kernel_size[0], self.strides[0], self.sides))


class Padded(Sided, keras.layers.Conv2D):
    """A convolution."""


class Depthwise(Sided, keras.layers.DepthwiseConv2D):
    """A convolution of every feature by itself."""


class Standardized(Padded):
    """A convolution with weights of mean 0 and variance 1 over what each output sees."""

    def convolution_op(self, inputs, kernel):
        wide = ops.cast(kernel, "float32")
        mean, variance = ops.moments(wide, axes=(0, 1, 2), keepdims=True)
        kernel = ops.cast((wide - mean) * ops.rsqrt(variance + 1e-8), kernel.dtype)
        return super().convolution_op(inputs, kernel)


def border(sides: str) -> str:
    """What Keras is to pad."""
    return "same" if sides == "same" else "valid"


def beyond(kernel_size: int, strides: int, sides: str) -> int:
    """How far a kernel reaches beyond its first step, if all sides are padded alike; else 0."""
    return max(0, kernel_size - strides + 1) // 2 if sides == "symmetric" else 0


def steps(size: int, kernel_size: int, strides: int, sides: str) -> int:
    """How many steps a kernel makes along so many places."""
    if sides == "same":
        return -(-size // strides)
    return (size + 2 * beyond(kernel_size, strides, sides) - kernel_size) // strides + 1


def padded(x: Any, kernel_size: int, strides: int, sides: str, value: float = 0.0) -> Any:
    """A picture `b y x d` with what is to be added on every side."""
    if not (side := beyond(kernel_size, strides, sides)):
        return x
    return ops.pad(x, ((0, 0), (side, side), (side, side), (0, 0)), constant_values=value)
