"""Every block of queries picks the blocks of keys it attends to, by the likeness of their means.

Mixture of block attention (Lu et al. 2025, arXiv:2502.13189, section 2.2), chosen for blocks of
queries as in native sparse attention (Yuan et al. 2025, section 3.3.2). The choice carries no
gradient; what is chosen does, through the attended values.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.attention._picks import Picks
from zoo.attention.kernels import heads_first
from zoo.attention.multi_head import MultiHead
from zoo.attention.patterns.block_band import BlockBand
from zoo.attention.patterns.causal import Causal
from zoo.attention.patterns.full import Full
from zoo.attention.patterns.sinks import Sinks
from zoo.core.types import NonNegativeInt, PositiveInt


class Routed(NamedTuple):
    """Keys and values of the last m tokens, and queries of as many as a block has."""

    key: Any
    """`b g m e`"""
    value: Any
    """`b g m e`"""
    query: Any
    """`b h s e`"""
    length: Any
    """int32 `b`, tokens seen."""


class BlockRouted(MultiHead):
    """A block attends to itself, to `window_blocks` around it, to the first `sink_blocks`, and to
    the `top_k` others it picks.

    The pattern is `causal` or `full`. Causal, a block picks among earlier ones, by its first query
    alone: so no token knows of later ones. Picking compares every block with every block: time and
    memory of (t / `block_size`)² a head. Where the batch or the length is not known when the graph
    is made, or there is a state, the whole table of scores is computed.
    """

    def __init__(
        self,
        block_size: PositiveInt = 64,
        top_k: PositiveInt = 4,
        window_blocks: NonNegativeInt = 1,
        sink_blocks: NonNegativeInt = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.block_size, self.top_k = block_size, top_k
        self.window_blocks, self.sink_blocks = window_blocks, sink_blocks
        if not isinstance(self.pattern, Causal | Full) or self.kernel:
            raise ValueError("picks by itself: its pattern is causal or full, its kernel its own.")
        after = 0 if self.pattern.causal else window_blocks
        near = BlockBand(block_size, window_blocks, after)
        near = near | Sinks(sink_blocks * block_size) if sink_blocks else near
        self.near = self.pattern & near

    def initial_state(self, batch_size, num_slots):
        before = super().initial_state(batch_size, num_slots)
        if not before:
            return ()
        shape = (batch_size, self.num_heads, self.block_size, self.head_dim)
        return Routed(before.key, before.value, ops.zeros(shape, self.compute_dtype), before.length)

    def kept(self, query, key, value):
        return key, value, query

    def own_kernel(self, asked=None):
        asked = None if asked is None else heads_first(asked)
        return Picks(self.near, self.block_size, self.top_k, asked)
