"""Attend, attend to a source, feed forward; add and normalise after each (Vaswani et al. 2017)."""

from zoo.blocks._crossing import Crossing


class CrossPostNorm(Crossing):
    def call(self, x, padding_mask=None, state=(), marks=None):
        attended, state = self.attend(x, padding_mask, state, marks)
        x = self.attention_norm(x + attended)
        attended, state = self.cross(x, state, marks)
        x = self.cross_attention_norm(x + attended)
        return self.feed_forward_norm(x + self.drop(self.feed_forward(x))), state
