"""One vector a place that holds any number of words: the mean of their vectors.

It is what a projection makes of features that are 0 or 1, divided by their sum, as graph networks
take them (Kipf and Welling 2017, section 5.2).
"""

from typing import Any

import keras
from keras import ops

from zoo.core.errors import ZooError
from zoo.core.initial import normal
from zoo.core.types import Given, PositiveInt, Probability
from zoo.embeddings import TokenEmbedding


class Bag(TokenEmbedding):
    """Words are counted from 0 to `num_words` - 1, whatever the tokenizer has; other numbers are
    padding. In training each is left out with the probability `dropout`, and those that stay count
    more. A place of no words has the vector 0.

    Called with words int `b t w` it gives `b t d`. Raises ZooError where words should be scored.
    """

    num_axes = 3

    def __init__(
        self,
        vocabulary_size: Given[int],
        hidden_dim: Given[int],
        num_words: PositiveInt,
        dropout: Probability = 0.0,
        initializer_range: Given[float | None] = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.num_words, self.dropout = num_words, dropout
        self.initializer_range = initializer_range

    def build(self, shape=None):
        initializer = normal(self.initializer_range, self.hidden_dim)
        shape = (self.num_words, self.hidden_dim)
        self.embeddings = self.add_weight(shape, initializer, name="embeddings")
        self.drop = keras.layers.Dropout(self.dropout, name="drop", dtype=self.dtype_policy)
        self.built = True

    def call(self, inputs, reverse=False):
        if reverse:
            raise ZooError("words of a node are not scored by their vectors.")
        there = ops.logical_and(inputs >= 0, inputs < self.num_words)
        there = ops.cast(there, self.compute_dtype)
        share = self.drop(there / ops.maximum(ops.sum(there, axis=-1, keepdims=True), 1))
        vectors = ops.take(self.embeddings, ops.clip(inputs, 0, self.num_words - 1), axis=0)
        return ops.sum(ops.cast(vectors, share.dtype) * share[..., None], axis=-2)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        return keras.KerasTensor((*inputs.shape[:2], self.hidden_dim), self.compute_dtype)
