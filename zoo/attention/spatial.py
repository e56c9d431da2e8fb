"""Attention over the places of a picture that leaves its heads side by side, for what follows it
to project (Srinivas et al. 2021, figure 4)."""

from keras import ops

from zoo.attention import ALL
from zoo.attention.multi_head import MultiHead
from zoo.attention.patterns import Pattern
from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt


class Spatial(MultiHead):
    """`b t d` -> `b t h·e`. All heads are computed at once. Raises ZooError where something else
    than `num_heads` times `head_dim` features is asked for, or heads in turn."""

    def __init__(
        self,
        num_heads: PositiveInt,
        head_dim: PositiveInt,
        pattern: Pattern = "full",
        use_bias: bool = False,
        **kwargs,
    ):
        super().__init__(num_heads, head_dim, pattern=pattern, use_bias=use_bias, **kwargs)
        size = num_heads * head_dim
        if self.output_dim not in (None, size):
            found = f"{num_heads} heads of {head_dim}"
            raise ZooError(f"found {found}, expected {self.output_dim} features.", "num_heads")
        if self.num_parallel_heads:
            raise ZooError("spatial attention computes all heads at once.", "num_parallel_heads")

    def back(self, heads, d):
        return None

    def project_back(self, heads, some=ALL):
        return ops.reshape(heads, (-1, heads.shape[1], self.num_heads * self.head_dim))
