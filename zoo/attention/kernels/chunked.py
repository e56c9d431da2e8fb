"""Softmax attention over all keys, a chunk of them at a time: memory linear in the length.

Rabe and Staats 2021; Dao et al. 2022, section 3.1. The same walk as `block_sparse`, in blocks so
large that little is lost on small ones, and little gained where a pattern is sparse.
"""

from zoo.attention.kernels.block_sparse import BlockSparse
from zoo.core.types import PositiveInt


class Chunked(BlockSparse):
    def __init__(self, block_size: PositiveInt = 512, marked_blocks: PositiveInt = 4):
        super().__init__(block_size, marked_blocks)
