"""Normalise, attend over the whole picture, add: the attention of VQGANs (Esser et al. 2021,
arXiv:2012.09841, table 7)."""

from keras import ops

from zoo.attention import Attention
from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.core.types import ImageNorm, PositiveFloat


class Attend(ImageBlock):
    """A picture stays as large and as deep as it is. Raises ZooError where it shall not."""

    def __init__(
        self,
        attention: Attention,
        norm: ImageNorm = "group_norm",
        epsilon: PositiveFloat = 1e-6,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.norm, self.epsilon = norm, epsilon
        if self.strides > 1:
            text = f"found {self.strides}, expected 1: it makes no picture smaller."
            raise ZooError(text, "strides")
        inside = {"name": "attention", "dtype": self.dtype_policy}
        self.attention = make(Attention, attention, output_dim=self.hidden_dim, **inside)

    def build(self, x_shape):
        if x_shape[-1] != self.hidden_dim:
            found = f"found {self.hidden_dim}, expected {x_shape[-1]}"
            raise ZooError(f"attend: hidden_dim: {found}: it makes nothing deeper.")
        rows, columns, size = x_shape[1:]
        self.attend_norm = self.part(Normal, "attend_norm", size, self.norm, None, self.epsilon)
        self.attention.stand_on(rows, columns)
        self.attention.build((None, rows * columns, size))
        self.built = True

    def call(self, x):
        places = ops.reshape(self.attend_norm(x), (ops.shape(x)[0], -1, self.hidden_dim))
        seen, _ = self.attention(places)  # also of a picture of another size than it was built for
        return x + self.drop_branch(ops.reshape(seen, ops.shape(x)))
