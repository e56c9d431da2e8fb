"""Widen, convolve each feature by itself, squeeze and excite, narrow: the inverted bottleneck of
MobileNetV2 and EfficientNet, normalised before it (CoAtNet, Dai et al. 2021, appendix A.1)."""

from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal, Shortcut, SqueezeExcite
from zoo.core.types import Activation, Fraction, PositiveFloat, PositiveInt


class Mbconv(ImageBlock):
    """`expansion` and `squeeze`, the share of features that weigh all others, are of the width of
    the output."""

    def __init__(
        self,
        expansion: PositiveInt = 4,
        squeeze: Fraction = 0.25,
        kernel_size: PositiveInt = 3,
        activation: Activation = "gelu",
        epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.expansion, self.squeeze, self.kernel_size = expansion, squeeze, kernel_size
        self.activation, self.epsilon = activation, epsilon

    def build(self, x_shape):
        given, size, wide = x_shape[-1], self.hidden_dim, self.expansion * self.hidden_dim
        normal = {"activation": self.activation, "epsilon": self.epsilon}
        self.input_norm = self.part(Normal, "input_norm", given, epsilon=self.epsilon)
        self.widen = self.convolution("widen", given, wide)
        self.widen_norm = self.part(Normal, "widen_norm", wide, **normal)
        self.depth = self.depthwise("depth", wide, self.kernel_size, self.strides)
        self.depth_norm = self.part(Normal, "depth_norm", wide, **normal)
        self.excite = self.part(SqueezeExcite, "excite", wide, int(self.squeeze * size))
        self.narrow = self.convolution("narrow", wide, size, use_bias=True)
        self.shortcut = self.part(Shortcut, "shortcut", given, size, self.strides)
        self.built = True

    def call(self, x):
        wide = self.widen_norm(self.widen(self.input_norm(x)))
        wide = self.excite(self.depth_norm(self.depth(wide)))
        return self.shortcut(x) + self.drop_branch(self.narrow(wide))
