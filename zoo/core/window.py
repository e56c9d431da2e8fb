"""What is remembered: the last `m` places of a sequence, right-aligned, batch first.

Every state is a NamedTuple of such windows and `length`, int32 `b`, the number of tokens seen. A
slot stands for position `length - m + slot`; below 0 it is empty. So a fresh state is zeros, and
setting `length` to 0 forgets everything.
"""

from typing import Any

from keras import ops


def extend(window: Any, new: Any, num_tokens: Any = None, axis: int = 1) -> tuple[Any, Any]:
    """window `b … m …`, new `b … t …` -> both together, `b … m+t …`, and the last m places of them,
    `b … m …`. Places stand along `axis`.

    `num_tokens`, int32 `b`, says how many of the new places of a row are tokens; padding stands
    behind them and is not kept. None keeps all t.
    """
    slots = ops.shape(window)[axis]
    joined = ops.concatenate([ops.cast(window, new.dtype), new], axis=axis)
    if num_tokens is None:
        last = (slice(None),) * axis + (slice(ops.shape(joined)[axis] - slots, None),)
        return joined, joined[last]
    index = num_tokens[:, None] + ops.arange(slots, dtype="int32")
    before, behind = (1,) * (axis - 1), (1,) * (len(joined.shape) - axis - 1)
    index = ops.reshape(index, (-1, *before, slots, *behind))
    return joined, ops.take_along_axis(joined, index, axis=axis)


def count(padding_mask: Any) -> Any:
    """bool `b t` -> int32 `b`, how many tokens there are; None -> None."""
    return None if padding_mask is None else ops.sum(ops.cast(padding_mask, "int32"), axis=1)


def length(state: Any) -> Any:
    """int32 `b`, how many tokens the layers of a model have seen; None without a state."""
    return next((layer.length for layer in state if layer), None)


def forget(state: Any, rows: Any) -> Any:
    """The same state, empty in the rows where bool `b` is true."""
    return tuple(
        layer._replace(length=ops.where(rows, 0, layer.length)) if layer else layer
        for layer in state
    )
