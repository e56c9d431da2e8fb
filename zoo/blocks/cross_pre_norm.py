"""Attend, attend to a source, feed forward; normalise before each (Pegasus; Zhang et al. 2020)."""

from zoo.blocks._crossing import Crossing


class CrossPreNorm(Crossing):
    """Leaves the stream un-normalised: its model wants a `final_norm`."""

    def call(self, x, padding_mask=None, state=(), marks=None):
        attended, state = self.attend(self.attention_norm(x), padding_mask, state, marks)
        x = x + attended
        attended, state = self.cross(self.cross_attention_norm(x), state, marks)
        x = x + attended
        return x + self.drop(self.feed_forward(self.feed_forward_norm(x))), state
