"""One document a row, from its beginning; longer ones are cut, shorter ones padded."""

from typing import Literal

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import Given, NonNegativeInt, PositiveInt
from zoo.data.batching import Batch, Batching, require, rows
from zoo.data.corpus import Corpus


class Documents(Batching):
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
        if self.counted == "answers":
            self._require_answers(corpus)
            batch.weights[~self._asked(corpus, place)] = 0.0
        return batch

    def _asked(self, corpus: Corpus, place: np.ndarray) -> np.ndarray:
        """bool `b t`, whether a target belongs to an answer: it is the token after its place."""
        asked = np.zeros((len(place), self.sequence_length + 1), bool)
        for row, document in zip(asked, place):
            for start, stop in corpus.answers[document] if document < len(corpus.names) else ():
                row[start:stop] = True
        return asked[:, 1:]

    def _require_answers(self, corpus: Corpus) -> None:
        """All documents, not only those of a batch, so that training does not end in its midst."""
        if not corpus.answered.all():
            name = corpus.names[int(np.argmin(corpus.answered))]
            raise ZooError(f"found no answer in {name}, expected one: they are counted.", "counted")
        if corpus.answered.max() > self.sequence_length + 1:
            place = int(np.argmax(corpus.answered))
            raise ZooError(
                f"found {self.sequence_length}, expected at least {corpus.answered[place] - 1:,}: "
                f"the answer of {corpus.names[place]} lies beyond.",
                "sequence_length",
            )
