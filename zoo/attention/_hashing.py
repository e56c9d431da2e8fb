"""Random rotations, the buckets they put vectors in, and the order of tokens by bucket.

Andoni et al. 2015; Kitaev et al. 2020, section 2. In shapes r counts the rounds of hashing.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.core.layer import LayerKind
from zoo.core.loops import scan
from zoo.core.types import Seed

MOST_AT_ONCE = 128
"""From more buckets than these on, a bucket is found as a pair of two smaller numbers."""


class Rotations(LayerKind):
    """Gives new rotations at every call of a training step; always the same ones otherwise, with
    every backend and compiler."""

    def __init__(self, seed: Seed = 0, **kwargs):
        super().__init__(**kwargs)
        self.seed, self.generator = seed, keras.random.SeedGenerator()
        self.built = True

    def call(self, shape: tuple[int, ...], training: Any = None) -> Any:
        """float32 numbers of the given shape, normally distributed."""
        if training:
            return keras.random.normal(shape, dtype="float32", seed=self.generator)
        # Not Keras's numbers: of one seed, XLA draws others than TensorFlow alone.
        fixed = np.random.default_rng(self.seed).standard_normal(shape, "float32")
        return ops.convert_to_tensor(fixed)


def bucket_sizes(length: int, chunk_length: int) -> list[int]:
    """About two buckets for every chunk: a power of two, in two factors when there are many."""
    power = max(1, (2 * (length // chunk_length)).bit_length() - 1)
    if 2**power <= MOST_AT_ONCE:
        return [2**power]
    return [2 ** (power // 2), 2 ** (power - power // 2)]


def buckets(heads: Any, rotations: Any, sizes: list[int]) -> Any:
    """heads `h b t e`, rotations `h e r x` with x half the sum of the sizes -> int32 `h b r t`."""
    heads = ops.stop_gradient(ops.cast(heads, "float32"))
    by_round = ops.transpose(rotations, (0, 2, 1, 3))

    def of_head(carry, head):
        here, rounds = head
        _, found = scan(
            lambda carry, rotation: (carry, _bucket(ops.matmul(here, rotation), sizes)),
            carry,
            rounds,
            rounds.shape[0],
        )
        return carry, found

    _, found = scan(of_head, np.int32(0), (heads, by_round), by_round.shape[0])
    return ops.transpose(found, (0, 2, 1, 3))


def _bucket(rotated, sizes):
    """`… x` -> int32 `…`: the nearest of all axes and their opposites, for every factor."""
    bucket, first, times = 0, 0, 1
    for size in sizes:
        part = rotated[..., first : first + size // 2]
        nearest = ops.argmax(ops.concatenate([part, -part], axis=-1), axis=-1)
        bucket = bucket + times * ops.cast(nearest, "int32")
        first, times = first + size // 2, times * size
    return bucket


def order(buckets: Any, sizes: list[int], tokens: Any = None) -> Any:
    """Buckets int32 `h b r t` -> the places of the tokens, sorted by bucket and then by place.

    Where tokens, bool `b t`, is False, they come last: in a bucket more.
    """
    number, length = math.prod(sizes), buckets.shape[-1]
    if tokens is not None:
        buckets = ops.where(tokens[:, None], buckets, number)
    if (number + 1) * length >= 2**31:
        return ops.cast(ops.argsort(buckets, axis=-1), "int32")  # a stable sort, though slower
    return ops.sort(buckets * length + np.arange(length, dtype="int32"), axis=-1) % length


def inverse(order: Any) -> Any:
    """Permutations int32 `… t` -> what undoes them, int32 `… t`."""
    shape, length = ops.shape(order), order.shape[-1]
    flat = ops.reshape(order, (-1, length))
    start = ops.arange(ops.shape(flat)[0], dtype="int32")[:, None] * length
    index = ops.reshape(flat + start, (-1, 1))
    place = ops.reshape(ops.zeros_like(flat) + np.arange(length, dtype="int32"), (-1,))
    return ops.reshape(ops.scatter(index, place, ops.shape(place)), shape)
