"""Transformer-XL's relative positions (Dai et al. 2019, section 3.3): terms b, c and d of A^rel.

    score(q, k) = q·k  +  q·r  +  u·k  +  v·r        all over the square root of the head dimension

with r a learned projection of the sinusoid of the distance. The first term is every kernel's own.
"""

import keras
from keras import ops

from zoo.core.initial import normal
from zoo.core.layer import LayerKind
from zoo.core.types import PositiveFloat, PositiveInt, Probability
from zoo.positions._by_distance import ByDistance
from zoo.positions.sinusoidal import waves


class RelativeXl(ByDistance):
    """`hidden_dim` sinusoid features a distance, as wide as the model in the paper.

    `clamp_length` treats all larger distances alike (used at evaluation with a long memory).
    `tie_biases` shares u and v over all layers of a model; the projection is each layer's own.
    """

    def __init__(
        self,
        hidden_dim: PositiveInt,
        base: PositiveFloat = 10_000.0,
        clamp_length: PositiveInt | None = None,
        tie_biases: bool = True,
        dropout: Probability = 0.0,
        initializer_range: PositiveFloat | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if hidden_dim % 2:
            raise ValueError(f"hidden_dim {hidden_dim} must be even: half sines, half cosines.")
        self.hidden_dim, self.base, self.clamp_length = hidden_dim, base, clamp_length
        self.tie_biases, self.dropout, self.initializer_range = (
            tie_biases,
            dropout,
            initializer_range,
        )
        self.biases = None

    def build(self, shape):
        num_heads, head_dim = shape
        self.projection = self.child(
            keras.layers.EinsumDense,
            "rd,dhe->rhe",
            output_shape=(num_heads, head_dim),
            kernel_initializer=normal(self.initializer_range, self.hidden_dim),
            name="relative",
        )
        self.projection.build((None, self.hidden_dim))
        self.drop = self.child(keras.layers.Dropout, self.dropout, name="drop")
        self.drop.build((None, self.hidden_dim))
        self.make_biases()
        if not self.biases.built:
            self.biases.build(shape)
        self.built = True

    def make_biases(self):
        """u and v of its own, unless another layer's are shared already."""
        if self.biases is None:
            self.biases = self.child(ScoreBiases, self.initializer_range, name="biases")

    def tie(self, first):
        if self.tie_biases:
            first.make_biases()
            self.biases = first.biases

    def bias_query(self, query, heads=slice(None)):
        return query + self.biases.values(query.dtype)[0][heads]

    def tables(self, places, dtype):
        """The projected sinusoids `h r e`, and what turns queries biased by u into queries biased
        by v, `h e`."""
        distances = self.distances(places)
        if self.clamp_length is not None:
            distances = ops.clip(distances, -self.clamp_length, self.clamp_length)
        sinusoids = ops.cast(waves(distances, self.hidden_dim, self.base), dtype)
        by_key, by_distance = self.biases.values(dtype)
        turn = (by_distance - by_key) * by_key.shape[-1] ** -0.5
        return [ops.transpose(self.projection(self.drop(sinusoids)), (1, 0, 2)), turn]

    def score(self, query, tables, tile):
        turn = ops.take(tables[1], tile.head, axis=0)
        return super().score(query + turn[:, None], tables, tile)


class ScoreBiases(LayerKind):
    """u and v: how much a head wants a key, or a distance, whatever the query."""

    def __init__(self, initializer_range: PositiveFloat | None = None, **kwargs):
        super().__init__(**kwargs)
        self.initializer_range = initializer_range

    def build(self, shape):
        self.by_key, self.by_distance = (
            self.add_weight(shape, normal(self.initializer_range, shape[-1]), name=name)
            for name in ("u", "v")
        )
        self.built = True

    def values(self, dtype):
        """u and v, each `h e`."""
        return ops.cast(self.by_key, dtype), ops.cast(self.by_distance, dtype)
