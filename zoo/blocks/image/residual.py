"""Normalise, activate, convolve, twice, and add: the block of VQGANs (Esser et al. 2021,
arXiv:2012.09841, table 7), which normalises before its weights."""

import keras

from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Normal
from zoo.core.convolutions import UNIFORM
from zoo.core.types import Activation, ImageNorm, PositiveFloat, PositiveInt, Probability


class Residual(ImageBlock):
    """A picture becomes smaller by the first convolution, and beside the branch by one that sees
    one place at a time, as where it becomes deeper."""

    def __init__(
        self,
        kernel_size: PositiveInt = 3,
        norm: ImageNorm = "group_norm",
        activation: Activation = "silu",
        epsilon: PositiveFloat = 1e-6,
        dropout: Probability = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.kernel_size, self.norm, self.activation = kernel_size, norm, activation
        self.epsilon, self.dropout = epsilon, dropout
        self.drop = self.child(keras.layers.Dropout, dropout, name="drop")

    def build(self, x_shape):
        given, size, strides = x_shape[-1], self.hidden_dim, self.strides
        like = {"use_bias": True, "kernel_initializer": UNIFORM}
        normal = (self.norm, self.activation, self.epsilon)
        self.first_norm = self.part(Normal, "first_norm", given, *normal)
        self.first = self.convolution("first", given, size, self.kernel_size, strides, **like)
        self.second_norm = self.part(Normal, "second_norm", size, *normal)
        self.second = self.convolution("second", size, size, self.kernel_size, **like)
        changes = strides > 1 or given != size
        self.project = changes and self.convolution("project", given, size, 1, strides, **like)
        self.built = True

    def call(self, x):
        branch = self.first(self.first_norm(x))
        branch = self.second(self.drop(self.second_norm(branch)))
        return (self.project(x) if self.project else x) + self.drop_branch(branch)
