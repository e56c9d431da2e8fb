"""One learned vector a position, added to the embedding (Gehring et al. 2017; GPT, BERT)."""

from keras import ops

from zoo.core.initial import normal
from zoo.core.places import positions, span
from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions import Position


class Learned(Position):
    """Positions 0 to `max_sequence_length - 1`; there are none beyond."""

    def __init__(
        self,
        max_sequence_length: PositiveInt,
        initializer_range: PositiveFloat | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.max_sequence_length, self.initializer_range = max_sequence_length, initializer_range

    def build(self, x_shape):
        initializer = normal(self.initializer_range, x_shape[-1])
        shape = (self.max_sequence_length, x_shape[-1])
        self.embeddings = self.add_weight(shape, initializer, name="embeddings")
        self.built = True

    def embed(self, x, start=None):
        return self(x, start)

    def call(self, x, start=None):
        length = ops.shape(x)[1]
        if start is None:
            return x + ops.cast(self.embeddings[:length], x.dtype)
        places = positions(span(length), start)
        return x + ops.cast(ops.take(self.embeddings, places, axis=0), x.dtype)
