"""Narrow, look around, widen: the bottleneck of ResNets (He et al. 2015, section 4.1), which looks
around by a convolution, or by attention over the whole picture (BoTNet, Srinivas et al. 2021)."""

from typing import Any

from zoo.attention import Attention
from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal, SqueezeExcite, pooled
from zoo.core.activations import ACTIVATIONS
from zoo.core.kinds import make
from zoo.core.pictures import in_a_row, on_a_grid
from zoo.core.types import Activation, Fraction, ImageNorm, PositiveFloat, PositiveInt


class Bottleneck(ImageBlock):
    """The middle is `reduction` times narrower than the output. With an `attention`, which BoTNet
    leaves without a projection back (`spatial`), a picture is made smaller behind it, by the means
    of squares. `squeeze` is the share of features that weigh all others, if any do. `standardized`
    weights, with `group_norm`, are those of BiT (Kolesnikov et al. 2020)."""

    def __init__(
        self,
        attention: Attention | None = None,
        reduction: PositiveInt = 4,
        squeeze: Fraction | None = None,
        norm: ImageNorm = "batch_norm",
        activation: Activation = "relu",
        epsilon: PositiveFloat = 1e-5,
        standardized: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.reduction, self.squeeze = reduction, squeeze
        self.norm, self.activation, self.epsilon = norm, activation, epsilon
        self.standardized = standardized
        inside = {"name": "attention", "dtype": self.dtype_policy}
        few = self.hidden_dim // reduction
        self.attention = attention and make(Attention, attention, output_dim=few, **inside)

    def build(self, x_shape):
        given, size, few = x_shape[-1], self.hidden_dim, self.hidden_dim // self.reduction
        like, normal = {"standardized": self.standardized}, (self.norm, None, self.epsilon)
        active = (self.norm, self.activation, self.epsilon)
        self.narrow = self.convolution("narrow", given, few, **like)
        self.narrow_norm = self.part(Normal, "narrow_norm", few, *active)
        if self.attention:
            self.grid = x_shape[1:3]
            self.attention.stand_on(*self.grid)
            self.attention.build((None, self.grid[0] * self.grid[1], few))
        else:
            self.middle = self.convolution("middle", few, few, 3, self.strides, **like)
        self.middle_norm = self.part(Normal, "middle_norm", few, *active)
        self.widen = self.convolution("widen", few, size, **like)
        self.widen_norm = self.part(Normal, "widen_norm", size, *normal, zero=True)
        weighs = self.squeeze and int(self.squeeze * size)
        self.excite = weighs and self.part(SqueezeExcite, "excite", size, weighs, "relu")
        self.project = None
        if self.strides > 1 or given != size:
            self.project = self.convolution("project", given, size, strides=self.strides, **like)
            self.project_norm = self.part(Normal, "project_norm", size, *normal)
        self.built = True

    def call(self, x):
        branch = self.middle_norm(self.look(self.narrow_norm(self.narrow(x))))
        branch = self.widen_norm(self.widen(branch))
        branch = self.drop_branch(self.excite(branch) if self.excite else branch)
        shortcut = self.project_norm(self.project(x)) if self.project else x
        return ACTIVATIONS[self.activation](shortcut + branch)

    def look(self, x: Any) -> Any:
        """`b y x d` -> what the places around tell of each, smaller by `strides`."""
        if not self.attention:
            return self.middle(x)
        seen, _ = self.attention(in_a_row(x))
        return pooled(on_a_grid(seen, self.grid), self.strides)
