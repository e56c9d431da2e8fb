"""One vector a token, and scores by the same vectors (Press and Wolf 2017)."""

import keras

from zoo.core.types import Given
from zoo.embeddings import TokenEmbedding


class Plain(TokenEmbedding, keras.layers.ReversibleEmbedding):
    """Keras's own layer, so that `quantize` knows it."""

    def __init__(
        self,
        vocabulary_size: Given[int],
        hidden_dim: Given[int],
        initializer_range: Given[float] = 0.02,
        **kwargs,
    ):
        super().__init__(
            vocabulary_size,
            hidden_dim,
            embeddings_initializer=keras.initializers.RandomNormal(initializer_range),
            **kwargs,
        )
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.initializer_range = initializer_range

    def quantize(self, mode=None, type_check=False, config=None):
        """Keras's own says no to every subclass; this one adds nothing to be lost."""
        super().quantize(mode, type_check=False, config=config)
