"""Layers made like `keras.layers.MultiHeadAttention`, whatever they let see."""

from operator import attrgetter

from zoo.core.types import PositiveInt, Probability
from zoo.layers._keras_attention import KerasAttention, Sizes
from zoo.layers._projected import positive


class ByHeads(KerasAttention):
    """The contract of layers with as many heads for keys and values as for queries.

    `value_dim` defaults to `key_dim`; `output_shape`, one or more axes, to the query's features.
    """

    def __init__(
        self,
        num_heads: PositiveInt,
        key_dim: PositiveInt,
        value_dim: PositiveInt | None = None,
        dropout: Probability = 0.0,
        use_bias: bool = True,
        output_shape: int | list[PositiveInt] | None = None,
        **kwargs,
    ):
        super().__init__(dropout=dropout, use_bias=use_bias, **kwargs)
        positive(num_heads=num_heads, key_dim=key_dim, value_dim=value_dim)
        self.num_heads, self.key_dim, self.value_dim = num_heads, key_dim, value_dim or key_dim
        one = isinstance(output_shape, int)
        self._output_shape = (output_shape,) if one else tuple(output_shape or ()) or None

    # As public as Keras's own, which saves them under these names.
    query_dense = property(attrgetter("_query_dense"))
    key_dense = property(attrgetter("_key_dense"))
    value_dense = property(attrgetter("_value_dense"))
    output_dense = property(attrgetter("_output_dense"))

    def sizes(self):
        return Sizes(self.num_heads, self.num_heads, self.key_dim, self.value_dim)
