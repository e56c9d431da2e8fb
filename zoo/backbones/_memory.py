"""What a stack of blocks keeps for its backward pass. Its function stays the same.

`none` keeps everything; `checkpoint` the input of every block; `reversible` the streams that come
out of the last block.
"""

from typing import Any

import keras
from keras import ops

from zoo.core.recompute import recomputed
from zoo.core.reversible import Step, reversible


class Phase(keras.layers.Layer):
    """Says whether the model around it trains. Only then is there a backward pass."""

    def call(self, training=None):
        return bool(training)


def run(
    memory: str, blocks: list, x: Any, padding_mask: Any, states: tuple, marks: dict[str, Any]
) -> tuple[Any, tuple]:
    """x `b t d`, bool `b t`, a state for each block, marks `b t` -> `b t d` and the next states."""
    if memory == "reversible":
        return _reversible(blocks, x, padding_mask, states, marks)
    after = []
    for block, before in zip(blocks, states):
        block = recomputed(block, [block], training=True) if memory == "checkpoint" else block
        x, kept = block(x, padding_mask, before, marks)
        after.append(kept)
    return x, tuple(after)


def _reversible(blocks, x, padding_mask, states, marks):
    steps = []
    for block, before in zip(blocks, states):
        attend, feed = block.branches()
        steps += [Step(*attend, given=(padding_mask, before, marks)), Step(*feed)]
    streams, more = reversible(steps, ops.split(x, 2, axis=-1), training=True)
    return ops.concatenate(streams, axis=-1), tuple(more[::2])
