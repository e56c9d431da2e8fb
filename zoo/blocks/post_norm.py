"""Attend, add, normalise; feed forward, add, normalise (Vaswani et al. 2017; BERT)."""

from zoo.blocks._attending import Attending


class PostNorm(Attending):
    def call(self, x, padding_mask=None, state=(), marks=None):
        attended, state = self.attention(x, padding_mask, state, marks)
        x = self.attention_norm(x + self.drop(attended))
        return self.feed_forward_norm(x + self.drop(self.feed_forward(x))), state
