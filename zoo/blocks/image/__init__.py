"""A block of an image model: a picture in, a picture out, smaller or deeper; `b y x d`."""

from typing import Any

import keras

from zoo.blocks.image._parts import INITIALIZER
from zoo.core.convolutions import Depthwise, Padded, Standardized
from zoo.core.layer import LayerKind
from zoo.core.types import Given, Padding, PositiveInt, Probability


class ImageBlock(LayerKind):
    """The contract of every block of pictures. Its stage says how wide its output is, by how much
    it is smaller than its input (`strides`), and how often a picture goes without its branch in
    training (`stochastic_depth`: Huang et al. 2016).

    `padding` tells which sides are padded where a picture becomes smaller: all alike, as PyTorch
    does it, or the lower right first, as TensorFlow does.
    """

    shelf = "blocks/image"
    num_parts: int = 1
    """Into how many parts, looked at apart, it cuts a picture."""

    def __init__(
        self,
        hidden_dim: Given[PositiveInt],
        strides: Given[PositiveInt] = 1,
        stochastic_depth: Given[Probability] = 0.0,
        padding: Padding = "symmetric",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hidden_dim, self.strides, self.padding = hidden_dim, strides, padding
        self.stochastic_depth = stochastic_depth
        self.drop_branch = self.child(  # the same for all of a picture
            keras.layers.Dropout, stochastic_depth, (None, 1, 1, 1), name="drop_branch"
        )

    def compute_output_spec(self, x: Any) -> Any:
        batch, *sizes, _ = x.shape
        shape = (batch, *map(self.smaller, sizes), self.hidden_dim)
        return keras.KerasTensor(shape, self.compute_dtype)

    def smaller(self, size: int) -> int:
        """How many rows or columns are left of so many."""
        return -(-size // self.strides)

    def convolution(
        self, name: str, given: int, size: int, kernel_size: int = 1, strides: int = 1, **options
    ) -> keras.layers.Layer:
        """A built convolution from `given` to `size` features. `standardized` for weights that are
        (Qiao et al. 2019)."""
        kind = Standardized if options.pop("standardized", False) else Padded
        options = {"use_bias": False, "kernel_initializer": INITIALIZER, **options}
        sizes = {"kernel_size": kernel_size, "strides": strides, "sides": self.padding}
        layer = self.child(kind, size, name=name, **sizes, **options)
        layer.build((None, None, None, given))
        return layer

    def depthwise(
        self, name: str, size: int, kernel_size: int, strides: int = 1, **options
    ) -> keras.layers.Layer:
        """A built convolution of each of `size` features by itself."""
        options = {"use_bias": False, "depthwise_initializer": INITIALIZER, **options}
        sizes = {"kernel_size": kernel_size, "strides": strides, "sides": self.padding}
        layer = self.child(Depthwise, name=name, **sizes, **options)
        layer.build((None, None, None, size))
        return layer

    def part(self, layer: type, name: str, size: int, *args: Any, **options: Any) -> Any:
        """A built sublayer for pictures of `size` features."""
        made = self.child(layer, *args, name=name, **options)
        made.build((None, None, None, size))
        return made

    def call(self, x: Any) -> Any:
        """x `b y x c` -> `b y/strides x/strides d`."""
        raise NotImplementedError
