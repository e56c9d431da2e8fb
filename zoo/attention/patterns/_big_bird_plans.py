"""Which blocks BigBird links at random, as its authors drew them (arXiv 2007.14062).

Both plans draw from NumPy's old generator, seeded with the number of the layer, in the order of
the released code, so the links are those its checkpoints were trained with.
"""

import functools

import numpy as np

PAPER_LENGTHS = (1024, 2048, 3072, 4096)
"""The lengths of text for which the authors used the plan of the paper."""
LONGEST, FIRST = 4096, 1024
"""The plan of the paper is made for the longest, and draws from the first places only."""


def draw_links(plan: str, length: int, size: int, count: int, heads: int, layer: int) -> np.ndarray:
    """int32 `h n count`: the blocks of `size` linked to the second block of queries and to those
    after it, up to the last but one."""
    if plan == "evaluation":
        return np.zeros((heads, -(-length // size) - 2, count), "int32")
    room = FIRST % size == 0 and FIRST // size >= count + 4
    if plan == "paper" and length in PAPER_LENGTHS and room:
        return draw_paper(size, count, heads, layer)[:, : length // size - 2]
    return draw_general(-(-length // size), count, heads, layer)


@functools.lru_cache(maxsize=64)
def draw_paper(size: int, count: int, heads: int, layer: int) -> np.ndarray:
    """The links of the longest text; a shorter one has the first of them."""
    draw, rows = np.random.RandomState(layer).permutation, range(1, LONGEST // size - 1)
    candidates = np.arange(1, FIRST // size)
    table = [[draw(_apart(candidates, row))[:count] for row in rows] for _ in range(heads)]
    return np.array(table, "int32")


@functools.lru_cache(maxsize=64)
def draw_general(blocks: int, count: int, heads: int, layer: int) -> np.ndarray:
    """The links of a text of `blocks`, more than the 5 + 2 · count that are drawn from: not the
    window and the ends; nor, in a row beside an end, the block beside the other."""
    draw, end = np.random.RandomState(layer).permutation, 5 + 2 * count
    row = np.arange(1, blocks - 1)[:, None, None]
    drawn = np.array([[draw(end) for _ in range(heads)] for _ in row])
    legal = (np.abs(drawn - row) > 1) & (drawn > 0) & (drawn < end - 1)
    legal &= ~((row == 1) & (drawn == end - 2) | (row == end - 2) & (drawn == 1))
    first = np.argsort(~legal, axis=-1, kind="stable")[..., :count]
    return np.take_along_axis(drawn, first, axis=-1).transpose(1, 0, 2).astype("int32")


def _apart(candidates, row):
    """Those outside the window around a block."""
    return candidates[np.abs(candidates - row) > 1]
