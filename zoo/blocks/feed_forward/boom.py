"""Widen, activate, and add up the parts as wide as what came in: no second matrix (Merity 2019,
section 3.4)."""

from keras import ops

from zoo.blocks.feed_forward import FeedForward


class Boom(FeedForward):
    """A last part that is too narrow is filled up with zeros."""

    def feed(self, x):
        wide, d = self.drop(self.activate(self.widen(x))), x.shape[-1]
        wide = ops.pad(wide, ((0, 0), (0, 0), (0, -self.intermediate_dim % d)))
        return sum(ops.split(wide, wide.shape[-1] // d, axis=-1))
