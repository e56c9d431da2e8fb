"""A text to read and its answer to write, for an encoder and a decoder (Sutskever et al. 2014)."""

import numpy as np

from zoo.core.types import Given, PositiveInt
from zoo.data.batching import Batch
from zoo.data.batching._answered import answers, asked
from zoo.data.batching._ordered import Ordered
from zoo.data.batching._required import require_answers
from zoo.tokenizers import Frame


class Pairs(Ordered):
    """What stands before the answer of a document is read, cut to `encoder_sequence_length` tokens;
    its answer is written, cut to `sequence_length`, behind a start token (or the end token of kinds
    that have none) and up to an end token. Every pass takes all documents, in a new order.
    Raises ZooError for a document without an answer."""

    counts_all = False

    def __init__(
        self,
        encoder_sequence_length: PositiveInt,
        sequence_length: PositiveInt,
        batch_size: PositiveInt,
        seed: Given[int] = 0,
    ):
        self.encoder_sequence_length, self.sequence_length = (
            encoder_sequence_length,
            sequence_length,
        )
        self.batch_size, self.seed = batch_size, seed

    def frame(self, tokenizer):
        return Frame.of(tokenizer, self.encoder_sequence_length)

    def longest(self):
        return max(self.encoder_sequence_length, self.sequence_length)

    def sizes(self, corpus):
        return np.maximum(*self._both(corpus))

    def cut(self, corpus):
        read, written = self._both(corpus)
        return (read > self.encoder_sequence_length) | (written > self.sequence_length)

    def _both(self, corpus) -> tuple[np.ndarray, np.ndarray]:
        """How many tokens each document fills in the encoder's row and the decoder's, int `n`."""
        read, written = answers(corpus)
        return read + self.frame(corpus.tokenizer).size, written + 1

    def make(self, corpus, documents):
        require_answers(corpus)
        tokenizer = corpus.tokenizer
        read, written = zip(*(asked(corpus, document) for document in documents))
        frame = self.frame(tokenizer)
        source = frame.rows(read)
        start, end = tokenizer.start_token_id, tokenizer.end_token_id
        tokens = frame.padding(len(documents), self.sequence_length + 1)
        tokens[:, 0] = end if start is None else start
        weights = np.zeros((len(documents), self.sequence_length), "float32")
        for place, (row, text) in enumerate(zip(tokens, written)):
            whole = np.append(text, end)[: self.sequence_length]
            row[1 : whole.size + 1] = whole
            weights[place, : whole.size] = documents[place] < len(corpus.names)
        inputs = {f"encoder_{name}": array for name, array in source.items()}
        return Batch({**inputs, "token_ids": tokens[:, :-1]}, tokens[:, 1:], weights)
