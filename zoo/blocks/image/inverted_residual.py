"""Widen, convolve each feature by itself, narrow, add: the inverted residual of MobileNetV2
(Sandler et al. 2018, section 3.3)."""

from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal
from zoo.core.types import Activation, PositiveFloat, PositiveInt


class InvertedResidual(ImageBlock):
    """`expansion` is of the width of the input, which is added where the picture becomes neither
    smaller nor deeper."""

    def __init__(
        self,
        expansion: PositiveInt = 4,
        kernel_size: PositiveInt = 3,
        activation: Activation = "silu",
        epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.expansion, self.kernel_size = expansion, kernel_size
        self.activation, self.epsilon = activation, epsilon

    def build(self, x_shape):
        given, size = x_shape[-1], self.hidden_dim
        wide = self.expansion * given
        active = {"activation": self.activation, "epsilon": self.epsilon}
        self.widen = self.convolution("widen", given, wide)
        self.widen_norm = self.part(Normal, "widen_norm", wide, **active)
        self.depth = self.depthwise("depth", wide, self.kernel_size, self.strides)
        self.depth_norm = self.part(Normal, "depth_norm", wide, **active)
        self.narrow = self.convolution("narrow", wide, size)
        self.narrow_norm = self.part(Normal, "narrow_norm", size, epsilon=self.epsilon)
        self.adds = self.strides == 1 and given == size
        self.built = True

    def call(self, x):
        wide = self.depth_norm(self.depth(self.widen_norm(self.widen(x))))
        branch = self.drop_branch(self.narrow_norm(self.narrow(wide)))
        return x + branch if self.adds else branch
