"""BigBird's attention: the first and last block, a window, random blocks (arXiv 2007.14062)."""

from typing import Literal

from zoo.attention.patterns.big_bird import BigBird
from zoo.core.types import NonNegativeInt, PositiveInt
from zoo.layers._by_heads import ByHeads
from zoo.layers._projected import not_negative, positive


class BigBirdAttention(ByHeads):
    """Give every layer of a model another `layer`: it seeds the random blocks. The length must be
    known when the graph is made; a text too short to be thinned out sees all of itself."""

    self_attention = True

    def __init__(
        self,
        num_heads: PositiveInt,
        key_dim: PositiveInt,
        block_size: PositiveInt = 64,
        num_random_blocks: PositiveInt = 3,
        layer: NonNegativeInt = 0,
        plan: Literal["paper", "general"] = "paper",
        random: list | None = None,
        **kwargs,
    ):
        super().__init__(num_heads, key_dim, **kwargs)
        positive(block_size=block_size, num_random_blocks=num_random_blocks)
        not_negative(layer=layer)
        if plan not in ("paper", "general"):
            raise ValueError(f"plan must be paper or general; found {plan!r}.")
        self.block_size, self.num_random_blocks = block_size, num_random_blocks
        self.layer, self.plan, self.random = layer, plan, random
        self.pattern = BigBird(num_heads, block_size, num_random_blocks, layer, plan, random)
