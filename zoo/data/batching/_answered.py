"""A document whose last answer is to be told: what is read of it, and that answer."""

import numpy as np

from zoo.data.batching._required import require_answers
from zoo.data.corpus import Corpus


def asked(corpus, document: int) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of a document before its answer, and those of its answer; nothing for the place
    behind the last document. Of several answers, all but the last are read."""
    if document >= len(corpus.names):
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    start, stop = corpus.answers[document][-1]
    return corpus.tokens[document][:start], corpus.tokens[document][start:stop]


def answers(corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """How many tokens `asked` gives of each document: of what is read and of the answer, int `n`.
    Raises ZooError for a document without an answer."""
    require_answers(corpus)
    spans = np.array([found[-1] for found in corpus.answers])
    return spans[:, 0], spans[:, 1] - spans[:, 0]
