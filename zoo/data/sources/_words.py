"""What sources of random words share: a word is a row of symbols, and a symbol a byte."""

from zoo.core.types import PositiveInt
from zoo.data.sources._synthetic import Synthetic

SEPARATOR = b"\0"
"""Stands between words, and is no symbol of them."""


class Words(Synthetic):
    """The contract of tasks about one word of `word_length` symbols, drawn from 1 to `num_symbols`;
    with a `min_word_length`, of any length from there on. Raises ValueError for symbols that are no
    bytes, and for lengths out of order."""

    def __init__(
        self,
        word_length: PositiveInt,
        min_word_length: PositiveInt | None = None,
        num_symbols: PositiveInt = 127,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if num_symbols > 255:
            raise ValueError(f"num_symbols {num_symbols} must be at most 255: symbols are bytes.")
        if min_word_length and min_word_length > word_length:
            raise ValueError(
                f"min_word_length {min_word_length} must be at most word_length {word_length}."
            )
        self.word_length, self.min_word_length = word_length, min_word_length
        self.num_symbols = num_symbols

    def question(self, word: bytes) -> bytes:
        """What is read."""
        return word + SEPARATOR

    def answer(self, word: bytes) -> bytes:
        """What is to be written after it."""
        raise NotImplementedError

    def draw(self, random):
        shortest = self.min_word_length or self.word_length
        while True:
            length = random.integers(shortest, self.word_length + 1)
            word = random.integers(1, self.num_symbols + 1, length, dtype="uint8").tobytes()
            question, answer = self.question(word), self.answer(word)
            yield question + answer, ((len(question), len(question) + len(answer)),)
