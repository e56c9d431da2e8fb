"""Stretches of pieces on a grid of voices, some notes hidden to be guessed, few or all of them: so
a model learns to fill gaps and to write voices to others (Huang et al. 2017, Coconet,
arXiv:1903.07227; how many, Ghazvininejad et al. 2019, arXiv:1904.09324, section 3)."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import Given, NonNegativeInt, PositiveInt
from zoo.data.batching import Batch, generator
from zoo.data.batching._required import require_mask
from zoo.data.batching.pieces import Pieces


class Infilled(Pieces):
    """Stretches as `pieces` cuts and moves them. Of each a number of tokens is hidden, drawn from 1
    to all but those of the voices `given`, counted from 0, and the token that ends a piece: these
    are always known. Targets are the hidden tokens. Held-out stretches are hidden alike every time.
    Raises ZooError for a `sequence_length` that cuts a step in two, for a voice that is none, and
    for a tokenizer without a mask."""

    def __init__(
        self,
        sequence_length: PositiveInt,
        batch_size: PositiveInt,
        transpose: NonNegativeInt = 0,
        given: list[NonNegativeInt] = [],  # noqa: B006
        seed: Given[int] = 0,
    ):
        super().__init__(sequence_length, batch_size, transpose, seed=seed)
        self.given = given

    def batch(self, corpus, step):
        return self._hidden(corpus, super().batch(corpus, step), generator(self.seed, step, 1))

    def evaluation(self, corpus, place):
        return self._hidden(corpus, super().evaluation(corpus, place), generator(0, place, 2))

    def _hidden(self, corpus, whole: Batch, luck: np.random.Generator) -> Batch:
        mask, unit = require_mask(corpus), corpus.tokenizer.unit
        if self.sequence_length % unit:
            text = f"found {self.sequence_length}, expected a multiple of the {unit} voices."
            raise ZooError(text, "sequence_length")
        if wrong := [voice for voice in self.given if voice >= unit]:
            raise ZooError(f"found voice {wrong[0]}, expected 0 to {unit - 1}.", "given")
        there = whole.weights > 0
        free = there & (whole.targets != corpus.end_token_id)
        free &= ~np.isin(np.arange(self.sequence_length) % unit, self.given)
        number = np.ceil(luck.random(len(free)) * free.sum(axis=1))
        order = np.argsort(np.where(free, luck.random(free.shape), np.inf), axis=1)
        hidden = np.argsort(order, axis=1) < number[:, None]
        inputs = {
            "token_ids": np.where(hidden, mask, whole.targets).astype("int32"),
            "padding_mask": there,
        }
        return Batch(inputs, whole.targets, hidden.astype("float32"))
