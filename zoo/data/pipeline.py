"""Batches made ahead of the step that needs them."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from zoo.data.batching import Batch, Batching
from zoo.data.corpus import Corpus

AHEAD = 8


def training(batching: Batching, corpus: Corpus, start: int, stop: int) -> tf.data.Dataset:
    """The batches of steps `start` to `stop`: the same however often training was interrupted."""
    return prefetched(lambda: (batching.batch(corpus, step) for step in range(start, stop)))


def evaluation(batching: Batching, corpus: Corpus, batches: int | None = None) -> tf.data.Dataset:
    """The validation batches, or the first `batches` of them."""
    found = prefetched(lambda: batching.evaluation(corpus))
    return found if batches is None else found.take(batches)


def prefetched(batches: Callable[[], Iterable[Batch] | Iterator[Batch]]) -> tf.data.Dataset:
    first = next(iter(batches()))
    signature = tf.nest.map_structure(_spec, tuple(first))
    made = tf.data.Dataset.from_generator(
        lambda: (tuple(batch) for batch in batches()), output_signature=signature
    )
    return made.prefetch(AHEAD)


def _spec(array: np.ndarray) -> tf.TensorSpec:
    return tf.TensorSpec(array.shape, array.dtype)
