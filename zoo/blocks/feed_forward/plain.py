"""Widen, activate, narrow (Vaswani et al. 2017, section 3.3)."""

from zoo.blocks.feed_forward import FeedForward


class Plain(FeedForward):
    def build(self, x_shape):
        super().build(x_shape)
        self.narrow = self.projection(x_shape[-1], (*x_shape[:-1], self.intermediate_dim), "narrow")

    def feed(self, x):
        return self.narrow(self.drop(self.activate(self.widen(x))))
