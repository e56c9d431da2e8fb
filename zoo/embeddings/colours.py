"""One vector a place of a picture, of the values of all its channels (Parmar et al. 2018, Image
Transformer, section 3.1; as released for its mixtures of logistics)."""

import keras
from keras import ops

from zoo.core.colours import NUM_VALUES, split
from zoo.core.errors import ZooError
from zoo.core.initial import normal
from zoo.core.types import Given, Literal
from zoo.embeddings import TokenEmbedding


class Colours(TokenEmbedding):
    """For the tokenizer `colours`: a token is the channels of a place as digits of 256. They are
    taken as numbers from -1 to 1 and projected; what is below 0 is cut off. Tokens behind the last
    colour, from which pictures begin, have vectors of their own.
    Raises ValueError for a vocabulary that has not all colours, ZooError where tokens should be
    scored by their vectors."""

    def __init__(
        self,
        vocabulary_size: Given[int],
        hidden_dim: Given[int],
        num_channels: Literal[1, 3] = 3,
        initializer_range: Given[float | None] = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.num_channels, self.initializer_range = num_channels, initializer_range
        self.num_colours = NUM_VALUES**num_channels
        if vocabulary_size <= self.num_colours:
            found = f"found {vocabulary_size:,}, expected more than {self.num_colours:,}"
            raise ValueError(f"{found}, as the tokenizer colours has.")

    def build(self, shape=None):
        initializer = normal(self.initializer_range, self.hidden_dim)
        self.projection = keras.layers.Dense(
            self.hidden_dim, activation="relu", name="projection", dtype=self.dtype_policy
        )
        self.projection.build((None, None, self.num_channels))
        others = self.vocabulary_size - self.num_colours
        self.others = self.add_weight((others, self.hidden_dim), initializer, name="others")
        self.built = True

    def call(self, inputs, reverse=False):
        if reverse:
            raise ZooError("colours are not scored by their vectors: use the task mixture_lm.")
        tokens = ops.cast(inputs, "int32")
        other = ops.maximum(tokens - self.num_colours, 0)
        beginning = ops.cast(ops.take(self.others, other, axis=0), self.compute_dtype)
        seen = self.projection(ops.cast(split(tokens, self.num_channels), self.compute_dtype))
        return ops.where((tokens >= self.num_colours)[..., None], beginning, seen)
