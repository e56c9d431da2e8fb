"""A word and the same word again, `0 w 0 w`: can a model look back (Kitaev et al. 2020, section 5)?

Nothing can be known of the first half; all of the second half can be copied.
"""

import numpy as np

from zoo.core.types import PositiveInt, Seed
from zoo.data.sources import Document, Source


class Duplication(Source):
    """Words of `word_length` symbols, drawn from 1 to `num_symbols`. A document is a text of
    2 · (`word_length` + 1) bytes. Raises ValueError for symbols that are no bytes."""

    def __init__(
        self,
        word_length: PositiveInt,
        num_symbols: PositiveInt = 127,
        num_documents: PositiveInt = 20_000,
        num_validation_documents: PositiveInt = 500,
        seed: Seed = 0,
    ):
        if num_symbols > 255:
            raise ValueError(f"num_symbols {num_symbols} must be at most 255: symbols are bytes.")
        self.word_length, self.num_symbols, self.seed = word_length, num_symbols, seed
        self.num_documents = num_documents
        self.num_validation_documents = num_validation_documents

    def train(self):
        return self._documents("training", self.num_documents)

    def validation(self):
        return self._documents("validation", self.num_validation_documents)

    def _documents(self, part, number):
        draw = np.random.default_rng([self.seed, part == "validation"])
        shape = (number, self.word_length)
        words = draw.integers(1, self.num_symbols + 1, shape, dtype="uint8")
        halves = np.pad(words, ((0, 0), (1, 0)))
        texts = np.concatenate([halves, halves], axis=1)
        return [Document(f"{part} {place}", text) for place, text in enumerate(texts)]
