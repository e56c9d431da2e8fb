"""Attend, add; normalise, feed forward, add, normalise (Zellers et al. 2019, GROVER).

Between the two places for a norm: attention sees what the last block normalised, and its answer is
added as it is; the feed-forward network has a norm before it and one behind.
"""

from zoo.blocks._attending import Attending


class Grover(Attending):
    """Its model wants an `embedding_norm`, which the first attention sees, and no `final_norm`."""

    norms = ("feed_forward_norm", "output_norm")

    def call(self, x, padding_mask=None, state=(), marks=None):
        attended, state = self.attention(x, padding_mask, state, marks)
        x = x + self.drop(attended)
        fed = self.feed_forward(self.feed_forward_norm(x))
        return self.output_norm(x + self.drop(fed)), state
