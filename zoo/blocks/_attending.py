"""What blocks share that attend to their own text."""

from zoo.attention import Attention
from zoo.blocks import Block
from zoo.core.kinds import make


class Attending(Block):
    norms = ("attention_norm", "feed_forward_norm")

    def __init__(self, attention: Attention, **kwargs):
        super().__init__(**kwargs)
        inside = {"name": "attention", "dtype": self.dtype_policy}
        self.attention = make(Attention, attention, **inside)

    @property
    def marks(self):
        return self.attention.pattern.marks

    @property
    def memory_length(self):
        return self.attention.memory_length

    def build(self, x_shape):
        self.attention.build(self.stream(x_shape))
        super().build(x_shape)

    def initial_state(self, batch_size, num_slots):
        return self.attention.initial_state(batch_size, num_slots)

    def stand_in(self, layer):
        self.attention.stand_in(layer)

    def tie(self, first):
        if isinstance(first, Attending):
            ours, theirs = self.attention.position, first.attention.position
            if type(ours) is type(theirs):
                ours.tie(theirs)
