"""BigBird for decoders: the first block, a window of two blocks, and random blocks, all causal.

Not in the paper (arXiv 2007.14062), whose pattern is for encoders: the blocks are those of
`big_bird` that lie before the query, and random ones are drawn among all that do.
"""

from zoo.attention.patterns._composed import Composed
from zoo.attention.patterns.block_1d import Block1d
from zoo.attention.patterns.either import Either
from zoo.attention.patterns.random_blocks import RandomBlocks
from zoo.attention.patterns.sinks import Sinks
from zoo.core.types import PositiveInt, Seed


class CausalBigBird(Composed):
    def __init__(
        self,
        block_size: PositiveInt = 64,
        num_random_blocks: PositiveInt = 3,
        num_heads: PositiveInt = 1,
        seed: Seed = 0,
    ):
        self.block_size, self.num_random_blocks = block_size, num_random_blocks
        self.num_heads, self.seed = num_heads, seed
        links = RandomBlocks(block_size, num_random_blocks, num_heads, seed)
        self.compose(Either([Sinks(block_size), Block1d(block_size), links]))
