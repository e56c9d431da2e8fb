"""Activate and convolve, several times, and add a small share of it: the block of DALL·E's
autoencoder (Ramesh et al. 2021, arXiv:2102.12092, appendix A.1)."""

from zoo.blocks.image import ImageBlock
from zoo.core.activations import ACTIVATIONS
from zoo.core.convolutions import FAN_IN
from zoo.core.errors import ZooError
from zoo.core.types import Activation, PositiveFloat, PositiveInt


class ScaledResidual(ImageBlock):
    """A convolution for each of `kernel_sizes`, all but the last `reduction` times narrower than
    the output; what they give counts `gain` times. Raises ZooError where its stage makes a picture
    smaller."""

    def __init__(
        self,
        kernel_sizes: list[PositiveInt],
        gain: PositiveFloat,
        reduction: PositiveInt = 4,
        activation: Activation = "relu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.kernel_sizes, self.gain, self.reduction = kernel_sizes, gain, reduction
        self.activation = activation
        if self.strides > 1:
            text = f"found {self.strides}, expected 1: it makes no picture smaller."
            raise ZooError(text, "strides")

    def build(self, x_shape):
        given, size, few = x_shape[-1], self.hidden_dim, self.hidden_dim // self.reduction
        like = {"use_bias": True, "kernel_initializer": FAN_IN}
        widths = [given, *[few] * (len(self.kernel_sizes) - 1), size]
        sizes = enumerate(zip(widths, widths[1:], self.kernel_sizes))
        self.convs = [self.convolution(f"conv_{n}", *one, **like) for n, one in sizes]
        self.project = given != size and self.convolution("project", given, size, **like)
        self.built = True

    def call(self, x):
        branch = x
        for conv in self.convs:
            branch = conv(ACTIVATIONS[self.activation](branch))
        return (self.project(x) if self.project else x) + self.drop_branch(self.gain * branch)
