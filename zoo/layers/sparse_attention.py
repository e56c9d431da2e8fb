"""The Sparse Transformer's attention, strided or fixed, causal (arXiv 1904.10509, section 4.2)."""

from typing import Literal

from zoo.attention.patterns.fixed import Fixed
from zoo.attention.patterns.strided import Strided
from zoo.core.types import PositiveInt
from zoo.layers._by_heads import ByHeads
from zoo.layers._projected import positive


class SparseAttention(ByHeads):
    """Strided: the last `stride` places, and every `stride`-th one before. With a `summary_width`
    fixed: the own block of `stride` places, and that many at the end of every block before."""

    def __init__(
        self,
        num_heads: PositiveInt,
        key_dim: PositiveInt,
        stride: PositiveInt,
        summary_width: PositiveInt | None = None,
        num_groups: PositiveInt = 1,
        part: Literal["local", "column", "summary", "merged"] = "merged",
        **kwargs,
    ):
        super().__init__(num_heads, key_dim, **kwargs)
        positive(stride=stride, summary_width=summary_width, num_groups=num_groups)
        pattern, own = ("fixed", "summary") if summary_width else ("strided", "column")
        if part not in ("local", own, "merged"):
            raise ValueError(f"the {pattern} pattern has no part {part!r}.")
        if num_groups > 1 and not summary_width:
            raise ValueError(f"the strided pattern has no groups; found num_groups {num_groups}.")
        self.stride, self.summary_width = stride, summary_width
        self.num_groups, self.part = num_groups, part
        if summary_width:
            self.pattern = Fixed(stride, summary_width, num_groups, part)
        else:
            self.pattern = Strided(stride, part)
