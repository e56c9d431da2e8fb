"""Windows of text, some tokens hidden to be guessed (Devlin et al. 2019, section 3.1)."""

import functools

import numpy as np

from zoo.core.types import Fraction, Given, PositiveInt
from zoo.data.batching import Batch, Batching, generator, require
from zoo.data.batching._required import require_mask
from zoo.tokenizers import Frame

HIDE, REPLACE = 0.8, 0.9
"""Below the first a chosen token becomes a mask, below the second any token, else it stays."""


class Masked(Batching):
    """Of each row the same number of tokens is chosen, `masked_fraction` of them, new ones every
    time (Liu et al. 2019, section 4.1); with `whole_words`, all pieces of a word or none. Targets
    are the chosen tokens, int32 `b p`; the input `mask_positions` says where they stand.
    Raises ZooError for a tokenizer that has no mask."""

    counts_all = False

    def __init__(
        self,
        sequence_length: PositiveInt,
        batch_size: PositiveInt,
        masked_fraction: Fraction = 0.15,
        whole_words: bool = False,
        seed: Given[int] = 0,
    ):
        if sequence_length < 4:
            raise ValueError(f"sequence_length {sequence_length} must be 4 or more.")
        self.sequence_length, self.batch_size = sequence_length, batch_size
        self.masked_fraction, self.whole_words, self.seed = masked_fraction, whole_words, seed

    def batch(self, corpus, step):
        require(corpus, self.sequence_length + 1, f"sequence_length {self.sequence_length}")
        draw = generator(self.seed, step)
        starts = draw.integers(0, len(corpus) - self._room(corpus), self.batch_size)
        return self._rows(corpus, starts, draw)

    def evaluation(self, corpus, place):
        require(corpus, 2, "validation")
        draw = generator(self.seed, place, 1)
        starts = (place * self.batch_size + np.arange(self.batch_size)) * self._room(corpus)
        return self._rows(corpus, starts, draw)

    def evaluation_batches(self, corpus):
        return -(-len(corpus) // (self._room(corpus) * self.batch_size))

    def _room(self, corpus):
        """How many tokens of text stand in a row."""
        return Frame.of(corpus.tokenizer, self.sequence_length).room

    def _rows(self, corpus, starts, draw):
        require_mask(corpus)
        texts = [corpus.read(min(start, len(corpus)), self._room(corpus)) for start in starts]
        inputs = Frame.of(corpus.tokenizer, self.sequence_length).rows(texts)
        number = max(1, round(self.masked_fraction * self.sequence_length))
        begins = _begins(corpus.tokenizer) if self.whole_words else None
        chosen = [
            choose(row, number, _special(corpus.tokenizer), begins, draw)
            for row in np.where(inputs["padding_mask"], inputs["token_ids"], corpus.end_token_id)
        ]
        places, weights = (np.stack(part) for part in zip(*chosen))
        targets = np.take_along_axis(inputs["token_ids"], places, axis=1)
        inputs["token_ids"] = hide(inputs["token_ids"], places, weights, corpus.tokenizer, draw)
        return Batch({**inputs, "mask_positions": places}, targets, weights)


def choose(
    row: np.ndarray, number: int, special: set[int], begins: np.ndarray | None, draw
) -> tuple[np.ndarray, np.ndarray]:
    """`number` places of a row, int32, and 1 for those that are chosen, float32: fewer where there
    are fewer tokens, or where the last word would be cut. Words begin at tokens for which `begins`,
    bool `v`, is true; for None each token is one."""
    word = np.arange(row.size) if begins is None else np.cumsum(begins[row])
    luck = draw.random(row.size + 1)[word]
    luck[np.isin(row, list(special))] = np.inf
    order = np.argsort(luck, kind="stable")
    places = order[:number]
    kept = np.isfinite(luck[places])
    if number < row.size and word[order[number]] == word[places[-1]]:
        kept &= word[places] != word[places[-1]]
    return places.astype(np.int32), kept.astype(np.float32)


def hide(token_ids, places, weights, tokenizer, draw) -> np.ndarray:
    """The same rows, `b t`, with the chosen places, `b p`, hidden."""
    fate = draw.random(places.shape)
    old = np.take_along_axis(token_ids, places, axis=1)
    other = draw.integers(0, tokenizer.vocabulary_size, places.shape, dtype=np.int32)
    new = np.where(fate < HIDE, tokenizer.mask_token_id, np.where(fate < REPLACE, other, old))
    hidden = token_ids.copy()
    np.put_along_axis(hidden, places, np.where(weights > 0, new, old), axis=1)
    return hidden


def _special(tokenizer) -> set[int]:
    names = ("start", "end", "pad", "mask")
    return {getattr(tokenizer, f"{name}_token_id") for name in names} - {None}


@functools.lru_cache(maxsize=4)
def _begins(tokenizer) -> np.ndarray:
    """For each token, whether a word begins with it: with a space, or with what is no letter."""
    pieces = [piece.decode(errors="replace")[:1] for piece in tokenizer.pieces()]
    return np.array([not first.isalnum() for first in pieces])
