"""A text and the class it belongs to (Devlin et al. 2019, section 3.2)."""

import functools

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.core.types import Given, PositiveInt
from zoo.data.batching import Batch
from zoo.data.batching._answered import answers, asked
from zoo.data.batching._ordered import Ordered
from zoo.data.batching._required import require_answers
from zoo.tokenizers import Frame, Tokenizer


class Labelled(Ordered):
    """The answer of a document is the name of its class, one of `labels`; what stands before it is
    the text, cut to `sequence_length`. Targets are int32 `b`, the places of the classes in
    `labels`. Every pass takes all documents, in a new order.
    Raises ZooError for a document without an answer, or with one that is no label."""

    counts_all = False

    def __init__(
        self,
        labels: list[str],
        sequence_length: PositiveInt,
        batch_size: PositiveInt,
        seed: Given[int] = 0,
    ):
        if len(set(labels)) < max(2, len(labels)):
            raise ZooError(f"found {shown(labels)}, expected two or more, all different.", "labels")
        self.labels, self.sequence_length = labels, sequence_length
        self.batch_size, self.seed = batch_size, seed

    def frame(self, tokenizer):
        return Frame.of(tokenizer, self.sequence_length)

    def longest(self):
        return self.sequence_length

    def sizes(self, corpus):
        return answers(corpus)[0] + self.frame(corpus.tokenizer).size

    def make(self, corpus, documents):
        require_answers(corpus)
        texts, given = zip(*(asked(corpus, document) for document in documents))
        places = _places(corpus.tokenizer, tuple(self.labels))
        there = documents < len(corpus.names)
        targets = np.zeros(len(documents), np.int32)
        for row in np.flatnonzero(there):
            found = places.get(tuple(given[row].tolist()))
            if found is None:
                self._unknown(corpus, documents[row], given[row])
            targets[row] = found
        inputs = self.frame(corpus.tokenizer).rows(texts)
        return Batch(inputs, targets, there.astype("float32"))

    def _unknown(self, corpus, document, answer):
        pieces = corpus.tokenizer.pieces()
        said = b"".join(pieces[token] for token in answer).decode(errors="replace").strip()
        text = f"{corpus.names[document]} is of the class {shown(said)}."
        raise ZooError(f"{text} {suggest(said, self.labels)}", "labels")


@functools.lru_cache(maxsize=8)
def _places(tokenizer: Tokenizer, labels: tuple[str, ...]) -> dict[tuple[int, ...], int]:
    """The place of each label, by its token ids; worked out once for all batches."""
    written = tokenizer.read_all([np.frombuffer(label.encode(), "uint8") for label in labels])
    return {tuple(ids.tolist()): place for place, ids in enumerate(written)}
