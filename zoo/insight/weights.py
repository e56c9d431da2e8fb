"""The weights of every attention layer, made by the very pass that answers, and what was hidden."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.attention.global_local import GlobalLocal
from zoo.attention.kernels._watched import Seen, Watched
from zoo.attention.lsh import Lsh
from zoo.core.errors import ZooError
from zoo.core.kinds import to_config
from zoo.insight.stacks import Looking, looking


class Table(NamedTuple):
    """Who looked at whom in one layer; tensors, or arrays."""

    weights: Any
    """float32 `b h q k`, 1 in sum over the keys; 0 where nothing may be looked at."""
    hidden: Any
    """bool `b h q k`: what the pattern, the padding or the choice of the layer keeps out of sight.
    A weight of 0 that is not hidden was seen, and found to be of no use."""


def weights(task: Any, inputs: dict[str, Any]) -> dict[str, Table]:
    """What a task takes -> what its attention layers looked at, by their names, as arrays. Raises
    ZooError where there is no attention, or one that makes no such table."""
    found = tables(task, {name: ops.convert_to_tensor(x) for name, x in inputs.items()})
    return {name: Table(*map(np.array, table)) for name, table in found.items()}


def tables(task: Any, inputs: dict[str, Any], most: int | None = None) -> dict[str, Table]:
    """The same as tensors, also inside a graph; of the first `most` places alone, where the others
    are padding."""
    found = list(looking(task.backbone))
    if not found:
        raise ZooError(f"a {type(task.backbone).__name__} has no attention that can be drawn.")
    with contextlib.ExitStack() as stack:
        seen = {one.name: stack.enter_context(_watched(one, most)) for one in found}
        task.run(inputs)
    return {one.name: _table(one, seen[one.name]) for one in found}


@contextlib.contextmanager
def _watched(one: Looking, most: int | None) -> Iterator[list[Seen]]:
    """A layer computes its whole table, all heads at once, and keeps it in the list."""
    layer = one.layer
    watched = Watched(layer.own_kernel() or layer.kernel, most)
    changed = {"kernel": watched, "num_parallel_heads": None, "own_kernel": lambda *_: watched}
    if isinstance(layer, Lsh):
        changed["meet"] = _meeting(layer, watched)
    before = {name: vars(layer)[name] for name in changed if name in vars(layer)}
    try:
        for name, value in changed.items():
            setattr(layer, name, value)
        yield watched.seen
    finally:
        for name in changed:
            delattr(layer, name)
        for name, value in before.items():
            setattr(layer, name, value)


def _meeting(layer: Lsh, watched: Watched) -> Any:
    """What `meet` gives, and what it gives to values of which each is told apart: the weights. Who
    is in no chunk with a token is hidden."""
    meet, first = layer.meet, slice(watched.most)

    def watching(heads, value, *more):
        batch, length, number, _ = ops.shape(value)
        apart = ops.eye(length, dtype="float32")[None, :, None, first]
        apart = ops.broadcast_to(apart, (batch, length, number, apart.shape[-1]))
        table = ops.transpose(meet(heads, apart, *more)[:, first], (0, 2, 1, 3))
        watched.seen.append(Seen(table, table > 0, None))
        return meet(heads, value, *more)

    return watching


def _together(weights: Any, parts: int) -> Any:
    """The mean of the parts of each picture, one after another in the batch."""
    apart = ops.reshape(weights, (-1, parts, *ops.shape(weights)[1:]))
    return ops.mean(apart, axis=1)


def _table(one: Looking, seen: list[Seen]) -> Table:
    layer = one.layer
    if len(seen) != 1 + isinstance(layer, GlobalLocal):
        kind = to_config(layer)["kind"]
        raise ZooError(f"{one.name}: {kind} makes no table of weights, which can be drawn.")
    found, visible = seen[0][:2]
    if one.parts > 1:
        found, visible = _together(found, one.parts), visible[:1]
    if isinstance(layer, GlobalLocal):
        rules = seen[1].rules
        rows = layer.whole(rules.pattern, rules.places)[:, None, :, None]
        found, visible = (ops.where(rows, x, y) for x, y in zip(seen[1][:2], seen[0]))
    return Table(found, ops.logical_not(ops.broadcast_to(visible, ops.shape(found))))
