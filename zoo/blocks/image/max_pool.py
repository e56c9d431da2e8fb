"""The largest of every square of places, as ResNets begin (He et al. 2015, table 1)."""

from keras import ops

from zoo.blocks.image import ImageBlock
from zoo.core.convolutions import padded, steps
from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt


class MaxPool(ImageBlock):
    """Its stage is as deep as what it is given. Raises ZooError for another depth."""

    def __init__(self, pool_size: PositiveInt = 3, **kwargs):
        super().__init__(**kwargs)
        self.pool_size = pool_size

    def build(self, x_shape):
        if x_shape[-1] != self.hidden_dim:
            found = f"found {self.hidden_dim}, expected {x_shape[-1]}"
            raise ZooError(f"max_pool: hidden_dim: {found}: it makes nothing deeper.")
        self.built = True

    def smaller(self, size):
        return steps(size, self.pool_size, self.strides, self.padding)

    def call(self, x):
        x = padded(x, self.pool_size, self.strides, self.padding, -float("inf"))
        return ops.max_pool(
            x, self.pool_size, self.strides, "same" if self.padding == "same" else "valid"
        )
