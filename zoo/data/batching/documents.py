"""One document a row, from its beginning; longer ones are cut, shorter ones padded."""

from typing import Literal

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import Given, NonNegativeInt, PositiveInt
from zoo.data.batching import rows
from zoo.data.batching._ordered import Ordered
from zoo.data.batching._required import require_answers
from zoo.data.corpus import Corpus


class Documents(Ordered):
    """The first `given` tokens of a row are read, but count nothing as targets; where only answers
    are `counted`, all tokens but those of the documents' answers. Every pass takes all documents,
    in a new order. Raises ZooError where answers are counted and a document has none, or has one
    beyond the end of its row."""

    def __init__(
        self,
        sequence_length: PositiveInt,
        batch_size: PositiveInt,
        given: NonNegativeInt = 0,
        counted: Literal["all", "answers"] = "all",
        seed: Given[int] = 0,
    ):
        if given >= sequence_length:
            raise ValueError(f"given {given} must be below sequence_length {sequence_length}.")
        self.sequence_length, self.batch_size = sequence_length, batch_size
        self.given, self.counted, self.seed = given, counted, seed
        self.counts_all = not given and counted == "all"

    def longest(self):
        return self.sequence_length

    def sizes(self, corpus):
        return np.diff(corpus.starts) - 1

    def make(self, corpus, documents):
        last, place = len(corpus.names), documents
        starts, stops = corpus.starts[place], corpus.starts[np.minimum(place + 1, last)] - 1
        stops = np.maximum(starts, np.minimum(stops, starts + self.sequence_length))
        batch = rows(corpus, starts, stops, self.sequence_length)
        batch.weights[:, : self.given] = 0.0
        if self.counted == "answers":
            self._within(corpus)
            batch.weights[~self._asked(corpus, place)] = 0.0
        return batch

    def _asked(self, corpus: Corpus, place: np.ndarray) -> np.ndarray:
        """bool `b t`, whether a target belongs to an answer: it is the token after its place."""
        asked = np.zeros((len(place), self.sequence_length + 1), bool)
        for row, document in zip(asked, place):
            for start, stop in corpus.answers[document] if document < len(corpus.names) else ():
                row[start:stop] = True
        return asked[:, 1:]

    def _within(self, corpus: Corpus) -> None:
        require_answers(corpus, "counted")
        if corpus.answered.max() > self.sequence_length + 1:
            place = int(np.argmax(corpus.answered))
            raise ZooError(
                f"found {self.sequence_length}, expected at least {corpus.answered[place] - 1:,}: "
                f"the answer of {corpus.names[place]} lies beyond.",
                "sequence_length",
            )
