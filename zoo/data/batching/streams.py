"""Unbroken lanes of text, segment after segment, for models that remember (Transformer-XL).

Row i of every batch goes on where row i of the batch before stopped. The input `restart` (bool
`b`) is true where a lane begins, and what was remembered must be forgotten.
"""

import numpy as np

from zoo.core.types import Given, NonNegativeInt, PositiveInt
from zoo.data.batching import Batch, Batching, counted, generator, require, rows
from zoo.data.corpus import Corpus


class Streams(Batching):
    """Each pass over the text starts at another place, so that segments are cut elsewhere. Of every
    held-out document the tokens are measured from `measured_from` on, `measured_number` of them, or
    all."""

    def __init__(
        self,
        segment_length: PositiveInt,
        batch_size: PositiveInt,
        measured_from: NonNegativeInt = 0,
        measured_number: PositiveInt | None = None,
        seed: Given[int] = 0,
    ):
        self.segment_length, self.batch_size, self.seed = segment_length, batch_size, seed
        self.measured_from, self.measured_number = measured_from, measured_number
        self.counts_all = not measured_from and measured_number is None

    def batch(self, corpus: Corpus, step: int) -> Batch:
        what = f"{self.batch_size} streams of segment_length {self.segment_length}"
        require(corpus, self.batch_size * self.segment_length + self.segment_length + 1, what)
        lane = (len(corpus) - 1 - self.segment_length) // self.batch_size
        segments = lane // self.segment_length
        passed, segment = divmod(step, segments)
        draw = generator(self.seed, passed)
        starts = draw.integers(0, self.segment_length) + np.arange(self.batch_size) * lane
        starts = starts + segment * self.segment_length
        return self._rows(corpus, starts, starts + self.segment_length, restart=segment == 0)

    def evaluation(self, corpus: Corpus, place: int) -> Batch:
        require(corpus, 2, "validation")
        lane = -(-(len(corpus) - 1) // self.batch_size)
        lanes = np.minimum(np.arange(self.batch_size + 1) * lane, len(corpus) - 1)
        starts = np.minimum(lanes[:-1] + place * self.segment_length, lanes[1:])
        stops = np.minimum(starts + self.segment_length, lanes[1:])
        batch = self._rows(corpus, starts, stops, restart=place == 0)
        places = starts[:, None] + 1 + np.arange(self.segment_length)
        places = np.minimum(places, len(corpus) - 1)
        begun = corpus.starts[np.searchsorted(corpus.starts, places, side="right") - 1]
        return counted(batch, places - begun, self.measured_from, self.measured_number)

    def evaluation_batches(self, corpus: Corpus) -> int:
        lane = -(-(len(corpus) - 1) // self.batch_size)
        return -(-lane // self.segment_length)

    def _rows(self, corpus: Corpus, starts, stops, restart: bool) -> Batch:
        batch = rows(corpus, starts, stops, self.segment_length)
        batch.inputs["restart"] = np.full(self.batch_size, restart)
        return batch
