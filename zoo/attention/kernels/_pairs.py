"""Plans that only the running graph knows: pairs of blocks, in number fixed when it is made."""

from typing import Any

from keras import ops

from zoo.attention.kernels._plan import Lines, Plan

BY_KEY = 8
"""How many blocks of queries a line by key meets."""


def plan_of_lines(row: Any, blocks: Any, num_rows: int, num_blocks: int, **lines: Any) -> Plan:
    """Lines by query, int32 `c` and `c n`, and the same pairs by key.

    Of `num_rows` blocks of queries and `num_blocks` of keys; one beyond either stands for none.
    """
    count, length = blocks.shape
    query = ops.reshape(ops.broadcast_to(row[:, None], (count, length)), (-1,))
    key = ops.reshape(blocks, (-1,))
    query = ops.where(key == num_blocks, num_rows, query)
    by_key = _lines_by(key, query, num_blocks + 1, num_rows)
    mine = Lines(row, blocks, filled=False, **{"checked": length, **lines})
    theirs = Lines(*by_key, filled=False, **{"checked": BY_KEY, **lines})
    return Plan([mine], [theirs])


def _lines_by(row: Any, block: Any, num_rows: int, none: int) -> tuple[Any, Any]:
    """Pairs `p`, sorted by row and cut into lines of `BY_KEY` blocks: int32 `c` and `c n`.

    A row has as many lines as it needs; how many they are together is bounded by their number.
    """
    num_pairs = row.shape[0]
    num_lines = num_pairs // BY_KEY + num_rows
    order = ops.argsort(row)
    row, block = ops.take(row, order), ops.take(block, order)
    count = ops.segment_sum(ops.ones_like(row), row, num_rows)
    pieces = (count + BY_KEY - 1) // BY_KEY
    first_pair, first_line = ops.cumsum(count) - count, ops.cumsum(pieces) - pieces
    place = ops.arange(num_pairs, dtype="int32") - ops.take(first_pair, row)
    line = ops.take(first_line, row) + place // BY_KEY
    slot = line * BY_KEY + place % BY_KEY
    # One more than wanted, so that none is 0: what is not scattered to stays none.
    met = ops.scatter(slot[:, None], block - none, (num_lines * BY_KEY,)) + none
    rows = ops.scatter(
        ops.where(place % BY_KEY == 0, line, num_lines)[:, None],
        row - (num_rows - 1),
        (num_lines + 1,),
    )[:-1] + (num_rows - 1)
    return rows, ops.reshape(met, (num_lines, BY_KEY))
