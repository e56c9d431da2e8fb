"""The choice of a kernel: the cheapest for a pattern and a length."""

import math

from zoo.attention.kernels import Kernel, Rules
from zoo.attention.kernels._grids import grid_of, tiles_of
from zoo.attention.kernels.block_sparse import BlockSparse
from zoo.attention.kernels.dense import Dense

SHORT = 256**2
"""Pairs of query and key below which nothing beats the whole table."""
SLOWER = 1.4
"""What a pair costs in tiles, compared with the whole table: measured on a CPU, with gradients, at
1,024 causal tokens 1.3 with XLA and 2.7 without."""
PER_BLOCK = 24
"""What a block costs beyond its pairs, in places."""
LARGEST_TABLE = 2**26
"""Scores of all heads that are still held at once: 256 MiB."""
SIZES = (512, 256, 128, 64)


def automatic(rules: Rules, num_heads: int) -> Kernel:
    """The cheapest kernel where the places are known; else the plain one."""
    if not rules.places.known() or rules.mask is not None:
        return Dense()
    pairs = len(rules.places.query) * len(rules.places.key)
    if pairs <= SHORT and not rules.pattern.listed:
        return Dense()
    size, cost = cheapest(rules)
    whole = pairs if pairs * num_heads <= LARGEST_TABLE else math.inf
    return Dense() if whole <= SLOWER * cost else BlockSparse(size)


def cheapest(rules: Rules) -> tuple[int, float]:
    """The best size of blocks, and what it costs in pairs. From large to small: where smaller
    blocks leave out little more, still smaller ones are not looked at."""
    pattern = tiles_of(rules)
    best, least, covered = SIZES[0], math.inf, math.inf
    for size in (pattern.block_size or SIZES[0],) if pattern.listed else SIZES:
        pairs = len(pattern.tiles(grid_of(rules, pattern, size)).row) * size**2
        cost = pairs * (1 + PER_BLOCK / size)
        if cost < least:
            best, least = size, cost
        if pairs > 0.85 * covered:
            break
        covered = pairs
    return best, least
