"""Attend, add; widen and narrow every place, add: all that is projected is normalised over batches
(Graham et al. 2021, LeViT)."""

from zoo.attention import Attention
from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal
from zoo.core.errors import ZooError
from zoo.core.kinds import make, taken, to_config
from zoo.core.pictures import in_a_row, on_a_grid
from zoo.core.types import Activation, PositiveFloat, PositiveInt


class Levit(ImageBlock):
    """`expansion` is of the width of the output. Where a picture becomes smaller or deeper, what
    attention tells stands in its place, and is not added. Raises ZooError where a picture is to
    become smaller by an attention that leaves it as it is."""

    def __init__(
        self,
        attention: Attention,
        expansion: PositiveInt = 2,
        activation: Activation = "hard_swish",
        epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.expansion, self.activation, self.epsilon = expansion, activation, epsilon
        known = {"output_dim": self.hidden_dim, "strides": self.strides}
        told = taken(Attention, attention, known)
        inside = {"name": "attention", "dtype": self.dtype_policy}
        self.attention = make(Attention, attention, **told, **inside)
        if self.strides > 1 and "strides" not in told:
            kind = to_config(self.attention)["kind"]
            raise ZooError(f"found {kind}, which makes no picture smaller.", "attention")

    def build(self, x_shape):
        size, wide = self.hidden_dim, self.expansion * self.hidden_dim
        self.attention.stand_on(*x_shape[1:3])
        self.attention.build((None, x_shape[1] * x_shape[2], x_shape[-1]))
        self.grid = tuple(map(self.smaller, x_shape[1:3]))
        normal = {"epsilon": self.epsilon}
        self.widen = self.convolution("widen", size, wide)
        self.widen_norm = self.part(
            Normal, "widen_norm", wide, "batch_norm", self.activation, **normal
        )
        self.narrow = self.convolution("narrow", wide, size)
        self.narrow_norm = self.part(Normal, "narrow_norm", size, zero=True, **normal)
        self.adds = self.strides == 1 and x_shape[-1] == size
        self.built = True

    def call(self, x):
        seen, _ = self.attention(in_a_row(x))
        seen = on_a_grid(seen, self.grid)
        x = x + self.drop_branch(seen) if self.adds else seen
        fed = self.narrow_norm(self.narrow(self.widen_norm(self.widen(x))))
        return x + self.drop_branch(fed)
