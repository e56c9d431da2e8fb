"""`keras.layers.GroupQueryAttention` with any pattern, position and kernel of the zoo.

Several query heads share a head of keys and values (Ainslie et al. 2023; Shazeer 2019: all).
"""

from zoo.attention.patterns import Pattern
from zoo.core.kinds import make
from zoo.core.types import PositiveInt, Probability
from zoo.layers._keras_attention import KerasAttention, Sizes
from zoo.layers._projected import positive


class GroupedQueryAttention(KerasAttention):
    """Without options of ours the same layer as Keras's, weight by weight."""

    def __init__(
        self,
        head_dim: PositiveInt,
        num_query_heads: PositiveInt,
        num_key_value_heads: PositiveInt,
        dropout: Probability = 0.0,
        use_bias: bool = True,
        sliding_window: PositiveInt | None = None,
        pattern: Pattern = "full",
        **kwargs,
    ):
        super().__init__(dropout=dropout, use_bias=use_bias, **kwargs)
        self.head_dim, self.num_query_heads = head_dim, num_query_heads
        self.num_key_value_heads, self.sliding_window = num_key_value_heads, sliding_window
        self.pattern = make(Pattern, pattern)
        positive(**self.sizes()._asdict(), sliding_window=sliding_window)
        if num_query_heads % num_key_value_heads:
            few = f"num_key_value_heads {num_key_value_heads}"
            raise ValueError(f"num_query_heads {num_query_heads} must be a multiple of {few}.")

    def sizes(self):
        few, size = self.num_key_value_heads, self.head_dim
        return Sizes(self.num_query_heads, few, size, size)
