"""Longformer's attention: a sliding window and global tokens (arXiv 2004.05150, section 3.1)."""

from zoo.attention.patterns.longformer import Longformer
from zoo.core.types import NonNegativeInt, PositiveInt
from zoo.layers._by_heads import ByHeads
from zoo.layers._projected import positive


class LongformerAttention(ByHeads):
    """Global are the tokens at `positions` and, with `marked`, those of the call's `global_mask`.
    They are projected like all others: the paper's second set of projections is not here."""

    def __init__(
        self,
        num_heads: PositiveInt,
        key_dim: PositiveInt,
        attention_window: PositiveInt = 512,
        positions: list[NonNegativeInt] | None = None,
        marked: bool = False,
        **kwargs,
    ):
        super().__init__(num_heads, key_dim, **kwargs)
        positive(attention_window=attention_window)
        self.attention_window, self.positions, self.marked = attention_window, positions, marked
        self.pattern = Longformer(attention_window, positions, marked)
