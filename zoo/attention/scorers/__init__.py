"""How well the state of a decoder and each state of a source go together: attention as it was
before there were queries and keys of the same kind."""

from typing import Any

import keras
from keras import ops

from zoo.attention.kernels import HIDDEN
from zoo.core.layer import LayerKind
from zoo.core.types import PositiveFloat


class Scorer(LayerKind):
    """The contract of every scorer. Its weights begin uniform within ±`initializer_range`.

    Call with a query `b d` and the keys `b k u` that `offer` made of a source -> scores `b k`.
    """

    shelf = "attention/scorers"

    def __init__(self, initializer_range: PositiveFloat = 0.1, **kwargs):
        super().__init__(**kwargs)
        self.initializer_range = initializer_range

    def build(self, query_shape, source_shape):
        raise NotImplementedError

    def call(self, query: Any, keys: Any) -> Any:
        raise NotImplementedError

    def offer(self, source: Any) -> Any:
        """A source `b k d` -> its keys, `b k u`, the same for every query."""
        return self.source(source)

    def projection(self, size: int, shape: Any, name: str) -> keras.layers.Dense:
        """A built projection to `size` features, without a bias."""
        return self.dense(size, shape, name, self.uniform(), use_bias=False)

    def uniform(self) -> keras.initializers.Initializer:
        return keras.initializers.RandomUniform(-self.initializer_range, self.initializer_range)


def look(scores: Any, source: Any, mask: Any) -> Any:
    """Scores `b k`, a source `b k d` and which of it are tokens, bool `b k` -> `b d`, the mean of
    the source weighed by the softmax of the scores; zeros where there are no tokens."""
    scores = ops.where(mask, ops.cast(scores, "float32"), HIDDEN)
    weights = ops.where(mask, ops.softmax(scores, axis=-1), 0.0)
    return ops.einsum("bk,bkd->bd", ops.cast(weights, source.dtype), source)
