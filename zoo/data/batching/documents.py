"""One document a row, from its beginning; longer ones are cut, shorter ones padded."""

import numpy as np

from zoo.core.types import Given, NonNegativeInt, PositiveInt
from zoo.data.batching import Batch, Batching, require, rows
from zoo.data.corpus import Corpus


class Documents(Batching):
    """The first `given` tokens of a row are read, but count nothing as targets. Every pass takes
    all documents, in a new order."""

    def __init__(
        self,
        sequence_length: PositiveInt,
        batch_size: PositiveInt,
        given: NonNegativeInt = 0,
        seed: Given[int] = 0,
    ):
        if given >= sequence_length:
            raise ValueError(f"given {given} must be below sequence_length {sequence_length}.")
        self.sequence_length, self.batch_size = sequence_length, batch_size
        self.given, self.seed = given, seed

    def batch(self, corpus: Corpus, step: int) -> Batch:
        require(corpus, 2, "training")
        number = len(corpus.names)
        wanted = step * self.batch_size + np.arange(self.batch_size)
        orders = {one: self._order(one, number) for one in np.unique(wanted // number)}
        return self._rows(corpus, [orders[place // number][place % number] for place in wanted])

    def _order(self, passed: int, number: int) -> np.ndarray:
        draw = np.random.Generator(np.random.Philox(key=self.seed, counter=[passed, 0, 0, 0]))
        return draw.permutation(number)

    def evaluation(self, corpus: Corpus, place: int) -> Batch:
        require(corpus, 2, "validation")
        return self._rows(corpus, place * self.batch_size + np.arange(self.batch_size))

    def evaluation_batches(self, corpus: Corpus) -> int:
        return -(-len(corpus.names) // self.batch_size)

    def _rows(self, corpus: Corpus, wanted) -> Batch:
        """Rows beyond the last document are padding."""
        last = len(corpus.names)
        place = np.minimum(wanted, last)
        starts, stops = corpus.starts[place], corpus.starts[np.minimum(place + 1, last)] - 1
        stops = np.maximum(starts, np.minimum(stops, starts + self.sequence_length))
        batch = rows(corpus, starts, stops, self.sequence_length)
        batch.weights[:, : self.given] = 0.0
        return batch
