"""A small network over query and source (Bahdanau et al. 2015, section A.1.2), its last weights of
a learned length (Salimans and Kingma 2016): g v/‖v‖ · tanh(W q + U s + b)."""

import keras
from keras import ops

from zoo.attention.scorers import Scorer


class Additive(Scorer):
    """The published form of 2015 is this one where g is ‖v‖ and b is 0."""

    def build(self, query_shape, source_shape):
        units = query_shape[-1]
        self.query = self.projection(units, query_shape, "query")
        self.source = self.projection(units, source_shape, "source")
        self.direction = self.add_weight((units,), self.uniform(), name="direction")
        self.bias = self.add_weight((units,), "zeros", name="bias")
        even = keras.initializers.Constant(units**-0.5)
        self.length = self.add_weight((), even, name="length")
        self.built = True

    def call(self, query, keys):
        direction = self.direction / ops.norm(self.direction) * self.length
        direction, bias = (ops.cast(x, keys.dtype) for x in (direction, self.bias))
        return ops.matmul(ops.tanh(self.query(query)[:, None] + keys + bias), direction)
