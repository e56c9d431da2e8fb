"""Attention over the places of a picture that leaves its heads side by side, for what follows it
to project (Srinivas et al. 2021, figure 4)."""

from zoo.attention._side_by_side import SideBySide
from zoo.attention.multi_head import MultiHead
from zoo.attention.patterns import Pattern
from zoo.core.types import PositiveInt


class Spatial(SideBySide, MultiHead):
    """`b t d` -> `b t h·e`."""

    def __init__(
        self,
        num_heads: PositiveInt,
        head_dim: PositiveInt,
        pattern: Pattern = "full",
        use_bias: bool = False,
        **kwargs,
    ):
        super().__init__(num_heads, head_dim, pattern=pattern, use_bias=use_bias, **kwargs)
