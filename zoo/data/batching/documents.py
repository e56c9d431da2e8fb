"""One document a row, from its beginning; longer ones are cut, shorter ones padded."""

from typing import Literal

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import Given, NonNegativeInt, PositiveInt
from zoo.data.batching import Batch, rows
from zoo.data.batching._ordered import Ordered
from zoo.data.batching._required import require_answers
from zoo.data.corpus import Corpus


class Documents(Ordered):
    """The first `given` tokens of a row are read, but count nothing as targets; where only answers
    are `counted`, all tokens but those of the documents' answers. Rows that are `opened` begin with
    an end token, as texts do that `zoo generate` writes. Every pass takes all documents, in a new
    order. Raises ZooError where answers are counted and a document has none, or has one
    beyond the end of its row."""

    def __init__(
        self,
        sequence_length: PositiveInt,
        batch_size: PositiveInt,
        given: NonNegativeInt = 0,
        counted: Literal["all", "answers"] = "all",
        opened: bool = False,
        seed: Given[int] = 0,
    ):
        if given >= sequence_length:
            raise ValueError(f"given {given} must be below sequence_length {sequence_length}.")
        self.sequence_length, self.batch_size = sequence_length, batch_size
        self.given, self.counted, self.seed = given, counted, seed
        self.opened = opened
        self.counts_all = not given and counted == "all"

    def longest(self):
        return self.sequence_length

    def sizes(self, corpus):
        return np.diff(corpus.starts) - 1 + self.opened

    def make(self, corpus, documents):
        last, place = len(corpus.names), documents
        starts, stops = corpus.starts[place], corpus.starts[np.minimum(place + 1, last)] - 1
        stops = np.maximum(starts, np.minimum(stops, starts + self.sequence_length))
        batch = rows(corpus, starts, stops, self.sequence_length)
        batch = _behind_end(batch, stops > starts, corpus.end_token_id) if self.opened else batch
        batch.weights[:, : self.given] = 0.0
        if self.counted == "answers":
            self._within(corpus)
            batch.weights[~self._asked(corpus, place)] = 0.0
        return batch

    def _asked(self, corpus: Corpus, place: np.ndarray) -> np.ndarray:
        """bool `b t`, whether a target belongs to an answer: it is the token after its place, or
        that of its place in rows that are opened."""
        asked = np.zeros((len(place), self.sequence_length + 1), bool)
        for row, document in zip(asked, place):
            for start, stop in corpus.answers[document] if document < len(corpus.names) else ():
                row[start:stop] = True
        return asked[:, :-1] if self.opened else asked[:, 1:]

    def _within(self, corpus: Corpus) -> None:
        require_answers(corpus, "counted")
        place = int(np.argmax(corpus.answered))
        needed = int(corpus.answered[place]) - (not self.opened)
        if needed > self.sequence_length:
            raise ZooError(
                f"found {self.sequence_length}, expected at least {needed:,}: "
                f"the answer of {corpus.names[place]} lies beyond.",
                "sequence_length",
            )


def _behind_end(batch: Batch, there: np.ndarray, end: int) -> Batch:
    """The same rows, one place later, behind an end token; `there`, bool `b`, are those that hold a
    document."""
    tokens = batch.inputs["token_ids"]
    later = np.pad(tokens[:, :-1], ((0, 0), (1, 0)), constant_values=end)
    weights = np.concatenate([there[:, None], batch.weights[:, :-1]], axis=1)
    return Batch({"token_ids": later}, tokens, weights.astype("float32"))
