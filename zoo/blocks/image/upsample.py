"""Every place becomes a square of places, and is convolved: what makes pictures larger in decoders
(Odena et al. 2016, Deconvolution and checkerboard artifacts; Esser et al. 2021, table 7)."""

from zoo.blocks.image import ImageBlock
from zoo.core.convolutions import UNIFORM
from zoo.core.errors import ZooError
from zoo.core.pictures import larger
from zoo.core.types import PositiveInt


class Upsample(ImageBlock):
    """Sides become `factor` times as long. Raises ZooError where a stage makes pictures smaller."""

    def __init__(self, factor: PositiveInt = 2, kernel_size: PositiveInt = 3, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.kernel_size = factor, kernel_size
        if self.strides > 1:
            text = f"found {self.strides}, expected 1: it makes pictures larger."
            raise ZooError(text, "strides")

    def build(self, x_shape):
        given, size = x_shape[-1], self.hidden_dim
        like = {"use_bias": True, "kernel_initializer": UNIFORM}
        self.conv = self.convolution("conv", given, size, self.kernel_size, **like)
        self.built = True

    def smaller(self, size):
        return size * self.factor

    def call(self, x):
        return self.conv(larger(x, self.factor))
