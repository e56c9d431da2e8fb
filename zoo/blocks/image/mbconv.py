"""Widen, convolve each feature by itself, squeeze and excite, narrow: the inverted bottleneck of
MobileNetV2 and EfficientNet, normalised before it (CoAtNet, Dai et al. 2021, appendix A.1)."""

from typing import Literal

from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal, Shortcut, SqueezeExcite, pooled
from zoo.core.types import Activation, PositiveFloat, PositiveInt, Share


class Mbconv(ImageBlock):
    """`expansion` and `squeeze`, the share of features that weigh all others, are of the width of
    the output, or of the `input`. Features are weighed behind the norm of the second convolution,
    or `before_norm`. A picture becomes smaller by that convolution, or, with `pool`, by the means
    of squares before the first. `use_bias` is for the last convolution and the shortcut."""

    def __init__(
        self,
        expansion: PositiveInt = 4,
        squeeze: Share = 0.25,
        shares_of: Literal["output", "input"] = "output",
        kernel_size: PositiveInt = 3,
        activation: Activation = "gelu",
        input_activation: Activation | None = None,
        squeeze_activation: Activation = "silu",
        squeezed: Literal["behind_norm", "before_norm"] = "behind_norm",
        smaller_by: Literal["convolution", "pool"] = "convolution",
        use_bias: bool = True,
        epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.expansion, self.squeeze, self.shares_of = expansion, squeeze, shares_of
        self.kernel_size, self.smaller_by, self.use_bias = kernel_size, smaller_by, use_bias
        self.activation, self.input_activation = activation, input_activation
        self.squeeze_activation, self.squeezed = squeeze_activation, squeezed
        self.epsilon = epsilon

    def build(self, x_shape):
        given, size = x_shape[-1], self.hidden_dim
        whole = size if self.shares_of == "output" else given
        wide, few = self.expansion * whole, int(self.squeeze * whole)
        self.pool, strides = (self.strides, 1) if self.smaller_by == "pool" else (1, self.strides)
        normal = {"activation": self.activation, "epsilon": self.epsilon}
        entering = {**normal, "activation": self.input_activation}
        self.input_norm = self.part(Normal, "input_norm", given, **entering)
        self.widen = self.convolution("widen", given, wide)
        self.widen_norm = self.part(Normal, "widen_norm", wide, **normal)
        self.depth = self.depthwise("depth", wide, self.kernel_size, strides)
        self.depth_norm = self.part(Normal, "depth_norm", wide, **normal)
        self.excite = self.part(SqueezeExcite, "excite", wide, few, self.squeeze_activation)
        self.narrow = self.convolution("narrow", wide, size, use_bias=self.use_bias)
        across = (size, self.strides, self.use_bias)
        self.shortcut = self.part(Shortcut, "shortcut", given, *across)
        self.built = True

    def call(self, x):
        wide = self.depth(self.widen_norm(self.widen(pooled(self.input_norm(x), self.pool))))
        if self.squeezed == "before_norm":
            wide = self.depth_norm(self.excite(wide))
        else:
            wide = self.excite(self.depth_norm(wide))
        return self.shortcut(x) + self.drop_branch(self.narrow(wide))
