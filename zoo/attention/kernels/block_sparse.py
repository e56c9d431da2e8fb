"""Softmax attention over only the blocks of keys a pattern needs: linear time and memory.

The idea of Child et al. 2019 (section 5.5) for any pattern, causal or not, any length, any
position encoding.
"""

from zoo.attention.kernels import Kernel
from zoo.attention.kernels._blocks import GLOBAL, Blocks
from zoo.attention.kernels._grids import grid_of, tiles_of
from zoo.attention.kernels._marked import attend_marked
from zoo.attention.kernels._plan import plan
from zoo.attention.kernels._tiled import Tiled
from zoo.attention.kernels.dense import Dense
from zoo.core.types import PositiveInt


class BlockSparse(Kernel):
    """Blocks of `block_size` places, or of the pattern's own size where it is made of blocks.

    Up to `marked_blocks` blocks of a text may hold tokens that `global_mask` marks as global before
    all pairs are looked at. Where the length is not known when the graph is made, or pairs have a
    mask of their own, it is `dense`.
    """

    def __init__(self, block_size: PositiveInt = 64, marked_blocks: PositiveInt = 4):
        self.block_size, self.marked_blocks = block_size, marked_blocks

    def attend(self, query, key, value, rules):
        if not rules.places.known() or rules.mask is not None:
            return Dense().attend(query, key, value, rules)
        if GLOBAL in rules.places.marks:
            sizes = self.block_size, self.marked_blocks
            return attend_marked(query, key, value, rules, *sizes)
        pattern, heads = tiles_of(rules), (query.shape[1], key.shape[1])
        grid = grid_of(rules, pattern, self.block_size)
        found = plan(pattern, grid, *heads, pattern is rules.pattern, rules.first_head)
        return Tiled(rules, found, Blocks(rules, grid, *heads))(query, key, value)
