"""What blocks share that look at their own text, and remember nothing besides."""

from zoo.attention import Attention
from zoo.blocks import Block
from zoo.core.kinds import make


class Attending(Block):
    norms = ("attention_norm", "feed_forward_norm")

    def __init__(self, attention: Attention, **kwargs):
        super().__init__(**kwargs)
        inside = {"name": "attention", "dtype": self.dtype_policy}
        self.attention = make(Attention, attention, **inside)

    def initial_state(self, batch_size, num_slots):
        return self.attention.initial_state(batch_size, num_slots)
