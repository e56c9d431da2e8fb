"""A picture as a row of places, and back."""

from typing import Any

from keras import ops


def in_a_row(x: Any) -> Any:
    """`b y x d` -> `b t d`, row after row."""
    return ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))


def on_a_grid(x: Any, grid: tuple[int, int]) -> Any:
    """`b t d` -> `b y x d`."""
    return ops.reshape(x, (-1, *grid, x.shape[2]))


def larger(x: Any, factor: int) -> Any:
    """`b y x d`, every place as a square of `factor` × `factor`."""
    return ops.repeat(ops.repeat(x, factor, axis=1), factor, axis=2)
