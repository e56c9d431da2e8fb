"""Convolve, normalise, activate: stems, patches, and what stands between stages."""

from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal
from zoo.core.convolutions import steps
from zoo.core.types import Activation, ImageNorm, PositiveFloat, PositiveInt


class Convolution(ImageBlock):
    """`norm` and `activation` may be left out. `standardized` weights have mean 0 and variance 1
    over what each output sees (Qiao et al. 2019)."""

    def __init__(
        self,
        kernel_size: PositiveInt = 3,
        norm: ImageNorm | None = "batch_norm",
        activation: Activation | None = "relu",
        epsilon: PositiveFloat = 1e-5,
        use_bias: bool = False,
        standardized: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.kernel_size, self.norm, self.activation = kernel_size, norm, activation
        self.epsilon, self.use_bias, self.standardized = epsilon, use_bias, standardized

    def build(self, x_shape):
        given, size = x_shape[-1], self.hidden_dim
        options = {"use_bias": self.use_bias, "standardized": self.standardized}
        self.conv = self.convolution("conv", given, size, self.kernel_size, self.strides, **options)
        normal = (self.norm, self.activation, self.epsilon)
        self.conv_norm = self.norm and self.part(Normal, "conv_norm", size, *normal)
        self.built = True

    def smaller(self, size):
        return steps(size, self.kernel_size, self.strides, self.padding)

    def call(self, x):
        x = self.conv(x)
        return self.conv_norm(x) if self.norm else x
