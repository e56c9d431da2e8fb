"""The cheapest way to give every row a column of its own, inside a compiled graph.

The Hungarian method with shortest augmenting paths (Jonker and Volgenant 1987): exact, as
`scipy.optimize.linear_sum_assignment` is, which no compiler of graphs can call. Rows are given
columns one after another: each takes the cheapest way on which others move on to let it in. Row 0
and column 0 stand for none.
"""

from typing import Any, NamedTuple

from keras import ops

FAR = 1e30


class Given(NamedTuple):
    """Of b problems, which row each column is given to, and what both are worth."""

    rows: Any
    """int32 `b 1+m`"""
    row_price: Any
    """float32 `b 1+n`"""
    column_price: Any
    """float32 `b 1+m`"""


class Search(NamedTuple):
    """For a column for one more row."""

    column: Any
    """int32 `b`, how far it has come: 0 at first, a column given to none at its end."""
    rows: Any
    """bool `b 1+n`, those on its ways so far."""
    columns: Any
    """bool `b 1+m`"""
    distance: Any
    """float32 `b 1+m`, what it costs to come to each column."""
    before: Any
    """int32 `b 1+m`, the column that each is come to from."""


def assign(cost: Any, there: Any) -> Any:
    """Costs `b n m`, of at least as many columns as rows; which rows are there, bool `b n` -> the
    column of each row, int32 `b n`, such that all together cost the least; 0 for rows that are not
    there. No gradient flows through it."""
    cost = ops.cast(ops.stop_gradient(cost), "float32")
    cost = ops.nan_to_num(cost, nan=FAR, posinf=FAR, neginf=-FAR)
    rows, columns = ops.zeros_like(cost[:, :, 0]), ops.zeros_like(cost[:, 0])
    column_price = ops.pad(columns, ((0, 0), (1, 0)))
    row_price = ops.pad(rows, ((0, 0), (1, 0)))
    given = Given(ops.zeros_like(column_price, "int32"), row_price, column_price)

    def turn(row, *given):
        return row + 1, *_give(cost, there, row, Given(*given))

    number = cost.shape[1]
    first = ops.convert_to_tensor(1, "int32")
    _, rows, *_ = ops.while_loop(lambda row, *_: row <= number, turn, (first, *given))
    found = rows[:, None, 1:] == ops.arange(1, number + 1, dtype="int32")[:, None]
    return ops.cast(ops.argmax(found, axis=-1), "int32")


def _give(cost: Any, there: Any, row: Any, given: Given) -> Given:
    """Give one more row a column, where it is there."""
    first = ops.where(ops.take(there, row - 1, axis=1), row, 0)
    given = given._replace(rows=_put(given.rows, ops.zeros_like(first), first))
    search = Search(
        ops.zeros_like(first),
        ops.zeros_like(given.row_price, "bool"),
        ops.zeros_like(given.rows, "bool"),
        ops.full_like(given.column_price, FAR),
        ops.zeros_like(given.rows),
    )
    most = {"maximum_iterations": cost.shape[1] + 1}  # also where costs are no numbers
    parts = ops.while_loop(
        lambda rows, _, __, column, *___: ops.any(_at(rows, column) > 0),
        lambda *parts: _look(cost, Given(*parts[:3]), Search(*parts[3:])),
        (*given, *search),
        **most,
    )
    given, (column, *_, before) = Given(*parts[:3]), parts[3:]

    def move(rows, column):
        last = _at(before, column)
        return _put(rows, column, _at(rows, last)), last

    rows, _ = ops.while_loop(
        lambda _, column: ops.any(column > 0), move, (given.rows, column), **most
    )
    return given._replace(rows=rows)


def _look(cost: Any, given: Given, search: Search) -> tuple:
    """Go on to the nearest column that is not yet on the ways, and to the row it is given to."""
    row = _at(given.rows, search.column)
    on = (row > 0)[:, None]
    columns = search.columns | (on & _is(search.column, search.columns))
    rows = search.rows | (on & _is(row, search.rows))
    line = ops.take_along_axis(cost, ops.maximum(row - 1, 0)[:, None, None], axis=1)[:, 0]
    line = ops.pad(line, ((0, 0), (1, 0)), constant_values=FAR)
    line = line - _at(given.row_price, row)[:, None] - given.column_price
    nearer = on & ops.logical_not(columns) & (line < search.distance)
    distance = ops.where(nearer, line, search.distance)
    before = ops.where(nearer, search.column[:, None], search.before)
    open_ = ops.where(columns, float("inf"), distance)
    step = ops.where(on, ops.min(open_, axis=1, keepdims=True), 0.0)
    column = ops.where(row > 0, ops.cast(ops.argmin(open_, axis=1), "int32"), search.column)
    return (
        given.rows,
        given.row_price + ops.where(rows, step, 0.0),
        given.column_price - ops.where(columns, step, 0.0),
        column,
        rows,
        columns,
        distance - ops.where(columns, 0.0, step),
        before,
    )


def _at(values: Any, place: Any) -> Any:
    """Values `b m` at a place each, int32 `b` -> `b`."""
    return ops.take_along_axis(values, place[:, None], axis=1)[:, 0]


def _is(place: Any, like: Any) -> Any:
    """bool, shaped as what is given, `b m`: True at a place each, int32 `b`."""
    return ops.arange(like.shape[1], dtype="int32") == place[:, None]


def _put(values: Any, place: Any, new: Any) -> Any:
    """Values `b m` with a new one, `b`, at a place each, int32 `b`."""
    return ops.where(_is(place, values), new[:, None], values)
