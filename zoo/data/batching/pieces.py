"""Stretches of pieces of music, a few semitones higher or lower, a little slower or faster, as the
Music Transformer is trained on them (Huang et al. 2018, sections 4.1 and 4.2)."""

from collections.abc import Iterable

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import Given, NonNegativeInt, PositiveFloat, PositiveInt
from zoo.data.batching import Batch, Batching, counted, generator, require
from zoo.data.corpus import Corpus
from zoo.tokenizers._music import Music

LONGEST = 2.0


class Pieces(Batching):
    """A row is a stretch of one piece, and the token that ends a piece is predicted, too. To train
    on, it is cut around a place that is drawn from all pieces, between two steps of a grid, moved
    by up to `transpose` semitones, and takes one of the factors `stretch` as long. Held-out pieces
    are cut one stretch behind the other, and stay as they are; of each the tokens are measured from
    `measured_from` on, `measured_number` of them, or all.

    The first token of a row is what stands before its stretch: at the beginning of a piece the
    token that ends one. Raises ZooError for a tokenizer of anything else than music.
    """

    def __init__(
        self,
        sequence_length: PositiveInt,
        batch_size: PositiveInt,
        transpose: NonNegativeInt = 0,
        stretch: list[PositiveFloat] = [1.0],  # noqa: B006
        measured_from: NonNegativeInt = 0,
        measured_number: PositiveInt | None = None,
        seed: Given[int] = 0,
    ):
        if not stretch or not all(1 / LONGEST <= factor <= LONGEST for factor in stretch):
            text = f"found {stretch}, expected factors between {1 / LONGEST} and {LONGEST}."
            raise ZooError(text, "stretch")
        self.sequence_length, self.batch_size = sequence_length, batch_size
        self.transpose, self.stretch, self.seed = transpose, stretch, seed
        self.measured_from, self.measured_number = measured_from, measured_number

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        luck = generator(self.seed, step)
        return self._rows(corpus, [self._drawn(corpus, luck) for _ in range(self.batch_size)])

    def evaluation(self, corpus, place):
        require(corpus, 2, "validation")
        whole = np.cumsum(self._number(corpus))
        wanted = place * self.batch_size + np.arange(self.batch_size)
        cut = [self._place(whole, int(number)) for number in wanted]
        length = self.sequence_length
        batch = self._rows(corpus, [self._stretch(corpus, *one, length) for one in cut])
        places = np.array([first for _, first in cut])[:, None] + np.arange(length)
        return counted(batch, places, self.measured_from, self.measured_number)

    def evaluation_batches(self, corpus):
        return -(-int(self._number(corpus).sum()) // self.batch_size)

    def _number(self, corpus: Corpus) -> np.ndarray:
        """How many stretches each piece has, with the token that ends it, int `n`."""
        return -(-np.diff(corpus.starts) // self.sequence_length)

    def _drawn(self, corpus: Corpus, luck: np.random.Generator) -> np.ndarray:
        """A stretch of a piece, changed as luck will have it."""
        music, length = _music(corpus), self.sequence_length
        place = int(luck.integers(len(corpus)))
        piece = int(np.searchsorted(corpus.starts, place, side="right")) - 1
        size = int(np.diff(corpus.starts)[piece])
        middle = place - int(corpus.starts[piece]) - length // 2
        first = int(np.clip(middle, 0, max(0, size - length))) // music.unit * music.unit
        semitones = int(luck.integers(-self.transpose, self.transpose + 1))
        factor = self.stretch[luck.integers(len(self.stretch))]
        needed = round(LONGEST * length) + 1
        return self._stretch(corpus, piece, first, needed, semitones, factor)

    def _place(self, whole: np.ndarray, number: int) -> tuple[int, int]:
        """Of all stretches that of a number: in which piece, and where it begins. Behind the last
        stretch it is one behind the last piece."""
        piece = int(np.searchsorted(whole, number, side="right"))
        before = int(whole[piece - 1]) if piece else 0
        return piece, (number - before) * self.sequence_length

    def _stretch(
        self, corpus: Corpus, piece: int, first: int, size: int, semitones=0, factor=1.0
    ) -> np.ndarray:
        """What stands before a place of a piece, and from there on so many tokens, or more, int64;
        less at the end of a piece, and nothing of a piece behind the last."""
        if piece == len(corpus.tokens):
            return np.zeros(0, "int64")
        music, end = _music(corpus), [corpus.end_token_id]
        tokens = np.asarray(corpus.tokens[piece])
        found = tokens[max(0, first - 1) : first + size].astype("int64")
        found = music.transposed(found, semitones) if semitones else found
        found = music.stretched(found, factor) if factor != 1 else found
        ends = end if first + size > tokens.size else []
        return np.concatenate([[] if first else end, found, ends]).astype("int64")

    def _rows(self, corpus: Corpus, found: Iterable[np.ndarray]) -> Batch:
        shape = self.batch_size, self.sequence_length
        inputs = np.full(shape, corpus.end_token_id, np.int32)
        targets, weights = inputs.copy(), np.zeros(shape, np.float32)
        for row, tokens in enumerate(found):
            tokens = tokens[: self.sequence_length + 1]
            size = max(0, tokens.size - 1)
            inputs[row, :size], targets[row, :size] = tokens[:-1], tokens[1:]
            weights[row, :size] = 1.0
        return Batch({"token_ids": inputs}, targets, weights)


def _music(corpus: Corpus) -> Music:
    if not isinstance(corpus.tokenizer, Music):
        kind = type(corpus.tokenizer).__name__
        raise ZooError(f"a {kind} reads no music; expected music_events or voice_grid.")
    return corpus.tokenizer
