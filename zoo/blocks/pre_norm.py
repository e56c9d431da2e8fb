"""Normalise, attend, add; normalise, feed forward, add (Xiong et al. 2020; GPT-2)."""

from zoo.blocks._attending import Attending


class PreNorm(Attending):
    """Leaves the stream un-normalised: its model wants a `final_norm`."""

    def call(self, x, padding_mask=None, state=(), marks=None):
        attended, state = self.attention(self.attention_norm(x), padding_mask, state, marks)
        x = x + self.drop(attended)
        return x + self.drop(self.feed_forward(self.feed_forward_norm(x))), state
