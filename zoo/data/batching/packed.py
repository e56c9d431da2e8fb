"""Several documents a row, so that little of it is padding (Krell et al. 2021, arXiv:2107.02027).

Goes with the pattern `segments`, under which documents of a row never see each other.
"""

import itertools
from weakref import WeakKeyDictionary

import numpy as np

from zoo.core.types import Given, PositiveInt
from zoo.data.batching import Batch
from zoo.data.batching._ordered import Ordered
from zoo.data.corpus import Corpus

LOOK_BACK = 64
"""Among how many rows that are not full yet a document looks for room."""

Span = tuple[int, int]
"""A start in the corpus and a number of tokens to predict."""


class Packed(Ordered):
    """Every document begins behind an end token, and all its tokens and its own end token are
    predicted; longer ones than a row are cut into several. The input `document_ids`, int32 `b t`,
    counts the documents of a row from 1; padding is 0. Every pass takes all rows in a new order."""

    def __init__(self, sequence_length: PositiveInt, batch_size: PositiveInt, seed: Given[int] = 0):
        self.sequence_length, self.batch_size, self.seed = sequence_length, batch_size, seed
        self.packed: WeakKeyDictionary[Corpus, list[list[Span]]] = WeakKeyDictionary()

    def number(self, corpus):
        return len(self._rows(corpus))

    def _rows(self, corpus: Corpus) -> list[list[Span]]:
        """Which stretches of the corpus stand in each row, worked out once: training and
        validation take turns, and their batches are made side by side."""
        if corpus not in self.packed:
            self.packed[corpus] = pack(corpus.starts, self.sequence_length)
        return self.packed[corpus]

    def make(self, corpus, places):
        shape, rows = (len(places), self.sequence_length), self._rows(corpus)
        inputs = np.full(shape, corpus.end_token_id, np.int32)
        targets, documents = inputs.copy(), np.zeros(shape, np.int32)
        for row, place in enumerate(places):
            first = 0
            for number, (start, length) in enumerate(rows[place] if place < len(rows) else [], 1):
                stop, found = first + length, corpus.read(start, length)
                before = corpus.read(start - 1, 1)[0] if start else corpus.end_token_id
                inputs[row, first:stop] = [before, *found[:-1]]
                targets[row, first:stop] = found
                documents[row, first:stop] = number
                first = stop
        told = {"token_ids": inputs, "padding_mask": documents > 0, "document_ids": documents}
        return Batch(told, targets, (documents > 0).astype("float32"))


def pack(starts: np.ndarray, length: int) -> list[list[Span]]:
    """Documents, of which int `n + 1` starts are given, one after the other into the first row that
    has room for them; into a new one where none of the last has."""
    rows: list[list[Span]] = []
    room: list[int] = []
    for start, stop in itertools.pairwise(starts):
        for first in range(int(start), int(stop), length):
            size = min(length, int(stop) - first)
            near = range(max(0, len(rows) - LOOK_BACK), len(rows))
            row = next((place for place in near if room[place] >= size), None)
            if row is None:
                rows.append([])
                room.append(length)
                row = len(rows) - 1
            rows[row].append((first, size))
            room[row] -= size
    return rows
