"""Normalise once, attend and feed forward side by side, add both (GPT-J; PaLM, Chowdhery et al.
2022, section 2)."""

from zoo.blocks._attending import Attending


class Parallel(Attending):
    """Leaves the stream un-normalised: its model wants a `final_norm`."""

    norms = ("attention_norm",)

    def call(self, x, padding_mask=None, state=(), marks=None):
        normal = self.attention_norm(x)
        attended, state = self.attention(normal, padding_mask, state, marks)
        return x + self.drop(attended) + self.drop(self.feed_forward(normal)), state
