"""What tasks share that put every place into a class."""

from keras import ops

from zoo.core.types import PositiveInt
from zoo.tasks._head import Head


class Each(Head):
    """Float32 logits `b t c`."""

    def __init__(self, num_classes: PositiveInt, **kwargs):
        self.num_classes = num_classes
        super().__init__(**kwargs)

    def make_head(self):
        self.output_dense = self.dense(self.num_classes, "logits")

    def encode(self, inputs, state=()):
        """The scores of each place, float32 `b t c`."""
        hidden, state = super().encode(inputs, state)
        return ops.cast(self.output_dense(self.drop(hidden)), "float32"), state
