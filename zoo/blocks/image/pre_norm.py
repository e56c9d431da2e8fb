"""Normalise, attend over the whole picture, add; normalise, feed forward, add.

The Transformer block of CoAtNet (Dai et al. 2021, appendix A.1): where a picture becomes smaller,
attention sees the means of its squares.
"""

import keras

from zoo.attention import Attention
from zoo.blocks.feed_forward import FeedForward
from zoo.blocks.image import ImageBlock
from zoo.blocks.image._parts import Shortcut, pooled
from zoo.core.kinds import make
from zoo.core.pictures import in_a_row, on_a_grid
from zoo.core.types import PositiveFloat


class PreNorm(ImageBlock):
    """`shortcut_bias` is for what makes a picture deeper beside the attention."""

    def __init__(
        self,
        attention: Attention,
        feed_forward: FeedForward,
        layer_norm_epsilon: PositiveFloat = 1e-6,
        shortcut_bias: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.layer_norm_epsilon, self.shortcut_bias = layer_norm_epsilon, shortcut_bias
        inside = {"name": "attention", "dtype": self.dtype_policy}
        self.attention = make(Attention, attention, output_dim=self.hidden_dim, **inside)
        inside["name"] = "feed_forward"
        self.feed_forward = make(FeedForward, feed_forward, **inside)

    def build(self, x_shape):
        given, size = x_shape[-1], self.hidden_dim
        norm = {"layer": keras.layers.LayerNormalization, "epsilon": self.layer_norm_epsilon}
        self.attention_norm = self.part(name="attention_norm", size=given, **norm)
        self.feed_forward_norm = self.part(name="feed_forward_norm", size=size, **norm)
        across = (size, self.strides, self.shortcut_bias)
        self.shortcut = self.part(Shortcut, "shortcut", given, *across)
        self.grid = tuple(-(-side // self.strides) for side in x_shape[1:3])
        places = self.grid[0] * self.grid[1]
        self.attention.stand_on(*self.grid)
        self.attention.build((None, places, given))
        self.feed_forward.build((None, places, size))
        self.built = True

    def call(self, x):
        seen, _ = self.attention(in_a_row(pooled(self.attention_norm(x), self.strides)))
        x = self.shortcut(x) + self.drop_branch(on_a_grid(seen, self.grid))
        fed = self.feed_forward(in_a_row(self.feed_forward_norm(x)))
        return x + self.drop_branch(on_a_grid(fed, self.grid))
