"""Masks and marks as Keras users give them, sorted into what the kernels take."""

import functools
from typing import Any

from keras import ops

from zoo.attention.patterns import Pattern


def split(attention_mask: Any) -> tuple[Any, Any]:
    """`q k`, `b q k` or `b h q k` -> a mask of keys `b k` and one of pairs `b h q k`, bool: where
    all queries and heads are alike it is one of keys. What there is not is None."""
    if attention_mask is None:
        return None, None
    mask = ops.cast(attention_mask, "bool")
    for _ in range(4 - len(mask.shape)):
        mask = ops.expand_dims(mask, -3)
    return (mask[:, 0, 0], None) if mask.shape[1] == mask.shape[2] == 1 else (None, mask)


def keys_seen(key: Any, *masks: Any) -> Any:
    """Which of the keys, `b k d`, all masks leave: bool `b k`; None where none is given."""
    given = [ops.cast(mask, "bool") for mask in masks if mask is not None]
    if not given:
        return None
    return ops.broadcast_to(functools.reduce(ops.logical_and, given), ops.shape(key)[:2])


def marks_of(pattern: Pattern, query: Any, key: Any, **told: Any) -> dict[str, tuple[Any, Any]]:
    """What is told of the queries `b q` and of the keys `b k`, by name: given as a pair, or once
    where both are the same tokens. Raises ValueError for what the pattern does not ask for."""
    marks = {}
    for name, mark in told.items():
        if mark is None:
            continue
        if name not in pattern.marks:
            asked = ", ".join(pattern.marks) or "nothing"
            raise ValueError(f"the pattern does not take {name}; it asks for {asked}.")
        pair = isinstance(mark, tuple | list)
        if not pair and query.shape[1] != key.shape[1]:
            lengths = f"{query.shape[1]} queries and {key.shape[1]} keys"
            raise ValueError(f"{name} of {lengths}: give a pair, of the queries and of the keys.")
        dtype = "bool" if name == "global_mask" else "int32"
        marks[name] = tuple(ops.cast(each, dtype) for each in (mark if pair else (mark, mark)))
    return marks
