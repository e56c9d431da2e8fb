"""Widen twice and multiply: one half activated, the other linear (Shazeer 2020: GEGLU, SwiGLU)."""

from zoo.blocks.feed_forward.plain import Plain


class Gated(Plain):
    def build(self, x_shape):
        self.gate = self.projection(self.intermediate_dim, x_shape, "gate")
        super().build(x_shape)

    def feed(self, x):
        return self.narrow(self.drop(self.activate(self.gate(x)) * self.widen(x)))
