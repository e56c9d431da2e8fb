"""Global tokens that only the running graph knows: blocks that hold any are met by everyone.

To the plan of the pattern are added lines of all queries against the marked blocks, and of the
marked blocks against all keys; in these count only the pairs that the marks alone allow, so that no
pair counts twice. There is room for so many marked blocks a text; where there are more, all pairs
are looked at.
"""

from typing import Any

from keras import ops

from zoo.attention.kernels import Rules
from zoo.attention.kernels._blocks import GLOBAL, Blocks
from zoo.attention.kernels._grids import every_tile, grid_of
from zoo.attention.kernels._pairs import plan_of_lines
from zoo.attention.kernels._plan import plan
from zoo.attention.kernels._tiled import Tiled
from zoo.core.places import span

LINE = 8
"""How many blocks of keys a line of a marked block meets."""


def attend_marked(
    query: Any, key: Any, value: Any, rules: Rules, block_size: int, room: int
) -> tuple[Any, Any]:
    """`attend` of a kernel, with room for so many marked blocks."""
    num_heads, groups, texts = query.shape[1], key.shape[1], query.shape[0]
    grid = grid_of(rules, rules.pattern, block_size)
    whole = plan(every_tile(rules), grid, num_heads, groups, sure=False)
    everything = Tiled(rules, whole, Blocks(rules, grid, num_heads, groups))
    if texts is None or room >= grid.rows():
        return everything(query, key, value)
    marked = _marked_blocks(rules.places.marks[GLOBAL][0], grid)
    found, index = ops.top_k(marked, room)
    index = ops.where(found > 0, index, -1)
    sizes = num_heads * grid.rows(), groups * grid.columns()
    parts = plan(rules.pattern, grid, num_heads, groups, first_head=rules.first_head)
    parts = parts.repeated(texts, *sizes)
    for lines in (_met_by_all, _meet_all):
        row, blocks = lines(index, num_heads, groups, grid)
        numbers = texts * sizes[0], texts * sizes[1]
        parts = parts.joined(plan_of_lines(row, blocks, *numbers, marked=True))
    sparse = Tiled(rules, parts, Blocks(rules, grid, num_heads, groups, texts))
    heads, log_sum = ops.cond(  # pyright: ignore
        ops.max(ops.sum(marked, axis=1)) <= room,
        lambda: sparse(query, key, value),
        lambda: everything(query, key, value),
    )
    return heads, log_sum


def _marked_blocks(mark, grid):
    """bool `b t` -> int32 `b n`: 1 for blocks that hold a marked token."""
    missing = grid.rows() * grid.size - grid.num_queries
    padded = ops.pad(ops.cast(mark, "int32"), ((0, 0), (0, missing)))
    return ops.max(ops.reshape(padded, (-1, grid.rows(), grid.size)), axis=2)


def _met_by_all(index, heads, groups, grid):
    """Lines of every block of queries against the marked blocks, `b room` -> `c` and `c room`."""
    texts, room = index.shape
    text, head, row = (
        ops.reshape(span(size), shape)
        for size, shape in ((texts, (-1, 1, 1)), (heads, (1, -1, 1)), (grid.rows(), (1, 1, -1)))
    )
    rows = (text * heads + head) * grid.rows() + row
    base = (text * groups + head * groups // heads + row * 0) * grid.columns()
    none = texts * groups * grid.columns()
    marked = ops.reshape(index, (texts, 1, 1, room))
    blocks = ops.where(marked < 0, none, base[..., None] + marked)
    return ops.reshape(rows, (-1,)), ops.reshape(blocks, (-1, room))


def _meet_all(index, heads, groups, grid):
    """Lines of the marked blocks against all blocks of keys that are not marked themselves."""
    texts, room = index.shape
    columns = grid.columns()
    none = texts * heads * grid.rows(), texts * groups * columns
    text, head = ops.reshape(span(texts), (-1, 1, 1)), ops.reshape(span(heads), (1, -1, 1))
    marked = ops.reshape(index, (texts, 1, room))
    rows = ops.where(marked < 0, none[0], (text * heads + head) * grid.rows() + marked)
    column = span(-(-columns // LINE) * LINE)
    out = ops.any(index[:, :, None] == column, axis=1) | (column >= columns)[None]
    base = (text * groups + head * groups // heads) * columns
    blocks = ops.where(out[:, None], none[1], base + column)
    pieces = len(column) // LINE
    blocks = ops.reshape(blocks, (texts, heads, 1, pieces, LINE))
    shape = (texts, heads, room, pieces)
    rows = ops.reshape(ops.broadcast_to(rows[..., None], shape), (-1,))
    return rows, ops.reshape(ops.broadcast_to(blocks, (*shape, LINE)), (-1, LINE))
