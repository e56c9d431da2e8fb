"""Convolve, attend from patch to patch, convolve beside what was given: the block of MobileViT
(Mehta and Rastegari 2022, section 3.1)."""

import keras
from keras import ops

from zoo.blocks import Block
from zoo.blocks._stack import over_places, written_again
from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal
from zoo.core.errors import ZooError
from zoo.core.pictures import in_a_row, on_a_grid
from zoo.core.types import Activation, PositiveFloat, PositiveInt


class Mobilevit(ImageBlock):
    """A picture is cut into patches of `patch_size` × `patch_size` places. `num_layers` of `blocks`
    that are `inner_dim` wide compare each place with those in the same corner of the other patches;
    what stands beside it, the convolution before has told. A picture that no patches fill is
    resized bilinearly, and back. Raises ZooError where its stage makes a picture smaller, and for
    blocks of several streams."""

    def __init__(
        self,
        blocks: list[Block],
        num_layers: PositiveInt,
        inner_dim: PositiveInt,
        patch_size: PositiveInt = 2,
        kernel_size: PositiveInt = 3,
        activation: Activation = "silu",
        epsilon: PositiveFloat = 1e-5,
        layer_norm_epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if self.strides > 1:
            raise ZooError(
                f"found {self.strides}, expected 1: it makes nothing smaller.", "strides"
            )
        self.num_layers, self.inner_dim, self.patch_size = num_layers, inner_dim, patch_size
        self.kernel_size, self.activation, self.epsilon = kernel_size, activation, epsilon
        self.layer_norm_epsilon = layer_norm_epsilon
        self.num_parts = patch_size**2
        self.transformer_layers = over_places(blocks, num_layers, self.dtype_policy)
        self.blocks = written_again(blocks, self.transformer_layers)

    def build(self, x_shape):
        given, size, inner, wide = x_shape[-1], self.hidden_dim, self.inner_dim, self.kernel_size
        active = {"activation": self.activation, "epsilon": self.epsilon}
        self.near = self.convolution("near", given, given, wide)
        self.near_norm = self.part(Normal, "near_norm", given, **active)
        self.enter = self.convolution("enter", given, inner)
        self.grid = tuple(x_shape[1:3])
        self.patches = tuple(-(-side // self.patch_size) for side in self.grid)
        for block in self.transformer_layers:
            block.stand_on(*self.patches)
            block.build((None, self.patches[0] * self.patches[1], inner))
        like = {"epsilon": self.layer_norm_epsilon}
        self.output_norm = self.part(keras.layers.LayerNormalization, "output_norm", inner, **like)
        self.leave = self.convolution("leave", inner, size)
        self.leave_norm = self.part(Normal, "leave_norm", size, **active)
        self.join = self.convolution("join", given + size, size, wide)
        self.join_norm = self.part(Normal, "join_norm", size, **active)
        self.built = True

    def call(self, x):
        even = tuple(self.patch_size * side for side in self.patches)
        places = self.apart(resized(self.enter(self.near_norm(self.near(x))), even))
        for block in self.transformer_layers:
            places, _ = block(places)
        far = resized(self.together(self.output_norm(places)), self.grid)
        far = self.leave_norm(self.leave(far))
        return self.join_norm(self.join(ops.concatenate([x, far], axis=-1)))

    def apart(self, x):
        """`b y x d` -> `b·p·p t d`: the places in one corner of all patches in a row."""
        (rows, columns), size, d = self.patches, self.patch_size, x.shape[-1]
        cut = ops.reshape(x, (-1, rows, size, columns, size, d))
        cut = ops.transpose(cut, (0, 2, 4, 1, 3, 5))
        return in_a_row(ops.reshape(cut, (-1, rows, columns, d)))

    def together(self, x):
        """`b·p·p t d` -> `b y x d`."""
        (rows, columns), size, d = self.patches, self.patch_size, x.shape[-1]
        cut = ops.reshape(on_a_grid(x, self.patches), (-1, size, size, rows, columns, d))
        cut = ops.transpose(cut, (0, 3, 1, 4, 2, 5))
        return ops.reshape(cut, (-1, rows * size, columns * size, d))


def resized(x, grid):
    """A picture `b y x d` of other sides."""
    if x.shape[1:3] == grid:
        return x
    return ops.image.resize(x, grid, interpolation="bilinear", data_format="channels_last")
