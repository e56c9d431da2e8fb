"""One vector a token, and scores by the same vectors (Press and Wolf 2017)."""

import math

import keras
from keras import ops

from zoo.core.initial import normal
from zoo.core.types import Given
from zoo.embeddings import TokenEmbedding


class Plain(TokenEmbedding, keras.layers.ReversibleEmbedding):
    """Keras's own layer, so that `quantize` knows it."""

    def __init__(
        self,
        vocabulary_size: Given[int],
        hidden_dim: Given[int],
        initializer_range: Given[float | None] = None,
        **kwargs,
    ):
        super().__init__(
            vocabulary_size,
            hidden_dim,
            embeddings_initializer=normal(initializer_range, hidden_dim),
            **kwargs,
        )
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.initializer_range = initializer_range

    def call(self, inputs, reverse=False):
        if not reverse or math.prod(size or 0 for size in inputs.shape[:-1]) != 1:
            return super().call(inputs, reverse)
        # One token. Keras turns the table over, of which XLA would make a copy for every token.
        scores = ops.matmul(self.embeddings, ops.reshape(inputs, (-1, 1)))
        return ops.reshape(scores, (*inputs.shape[:-1], -1))

    def quantize(self, mode=None, type_check=False, config=None):
        """Keras's own says no to every subclass; this one adds nothing to be lost."""
        super().quantize(mode, type_check=False, config=config)
