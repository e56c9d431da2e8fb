"""Independent windows of text, drawn at random places (GPT)."""

import numpy as np

from zoo.core.types import Given, PositiveInt
from zoo.data.batching import Batch, Batching, generator, require, rows
from zoo.data.corpus import Corpus


class Windows(Batching):
    def __init__(self, sequence_length: PositiveInt, batch_size: PositiveInt, seed: Given[int] = 0):
        self.sequence_length, self.batch_size, self.seed = sequence_length, batch_size, seed

    def batch(self, corpus: Corpus, step: int) -> Batch:
        what = f"{self.batch_size} windows of sequence_length {self.sequence_length}"
        require(corpus, self.batch_size * self.sequence_length + 1, what)
        draw = generator(self.seed, step)
        starts = draw.integers(0, len(corpus) - self.sequence_length, self.batch_size)
        return rows(corpus, starts, starts + self.sequence_length, self.sequence_length)

    def evaluation(self, corpus: Corpus, place: int) -> Batch:
        require(corpus, 2, "validation")
        starts = (place * self.batch_size + np.arange(self.batch_size)) * self.sequence_length
        stops = np.minimum(starts + self.sequence_length, len(corpus) - 1)
        return rows(corpus, starts, np.maximum(starts, stops), self.sequence_length)

    def evaluation_batches(self, corpus: Corpus) -> int:
        return -(-(len(corpus) - 1) // (self.sequence_length * self.batch_size))
