"""Attention within a sliding window."""

from zoo.attention.patterns.local import Local
from zoo.core.types import NonNegativeInt, PositiveInt
from zoo.layers._by_heads import ByHeads
from zoo.layers._projected import not_negative


class LocalAttention(ByHeads):
    """Each query sees its own place, `back` places before it and `ahead` places after it."""

    def __init__(
        self,
        num_heads: PositiveInt,
        key_dim: PositiveInt,
        back: NonNegativeInt,
        ahead: NonNegativeInt = 0,
        **kwargs,
    ):
        super().__init__(num_heads, key_dim, **kwargs)
        not_negative(back=back, ahead=ahead)
        self.back, self.ahead = back, ahead
        self.pattern = Local(back, ahead)
