"""Batches made ahead of the step that needs them, each from its number alone."""

from collections.abc import Callable

import tensorflow as tf

from zoo.data.batching import Batch, Batching
from zoo.data.corpus import Corpus

AHEAD = 8


def training(batching: Batching, corpus: Corpus, start: int, stop: int) -> tf.data.Dataset:
    """The batches of steps `start` to `stop`: the same however often training was interrupted."""
    return numbered(lambda n: batching.batch(corpus, n), start, stop, batching.varied)


def evaluation(batching: Batching, corpus: Corpus, start: int, stop: int) -> tf.data.Dataset:
    """The validation batches `start` to `stop`."""
    return numbered(lambda n: batching.evaluation(corpus, n), start, stop, batching.varied)


def numbered(make: Callable[[int], Batch], start: int, stop: int, varied: bool) -> tf.data.Dataset:
    """`make(start)` to `make(stop - 1)`, in order, a few of them ahead; `varied` in shape, or all
    alike."""
    like = tuple(make(start))
    arrays = tf.nest.flatten(like)
    types = [array.dtype for array in arrays]

    def read(number: tf.Tensor) -> tuple:
        found = tf.numpy_function(lambda n: tf.nest.flatten(tuple(make(int(n)))), [number], types)
        for tensor, array in zip(found, arrays):
            tensor.set_shape([None] * array.ndim if varied else array.shape)
        return tf.nest.pack_sequence_as(like, found)

    options = tf.data.Options()
    options.autotune.enabled = False  # it would take a core of its own from the training
    return tf.data.Dataset.range(start, stop).map(read).prefetch(AHEAD).with_options(options)
