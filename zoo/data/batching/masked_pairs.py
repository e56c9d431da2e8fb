"""A text to read and its answer to write, some of whose tokens are hidden to be guessed
(Ghazvininejad et al. 2019, section 2.2)."""

import numpy as np

from zoo.data.batching import Batch
from zoo.data.batching._required import require_mask
from zoo.data.batching.pairs import Pairs
from zoo.tokenizers import Frame

SHORTEST = 4
"""A mask, a start token, a token of text and an end token."""


class MaskedPairs(Pairs):
    """Documents as in `pairs`, but before the source stands a mask, in place of the length that is
    to be guessed, and nothing before the answer. Of the N tokens of an answer, the end token
    counted, 1 to N - 1 are hidden, any number as likely as another, and one where N is 1, new ones
    every time; they alone count as targets. `padding_mask` tells how many tokens there are.
    Raises ZooError for a tokenizer that has no mask, ValueError for sources without room."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if self.encoder_sequence_length < SHORTEST:
            found = f"encoder_sequence_length {self.encoder_sequence_length}"
            raise ValueError(f"{found} must be {SHORTEST} or more.")

    def frame(self, tokenizer):
        return Frame.of(tokenizer, self.encoder_sequence_length, tokenizer.mask_token_id)

    def make(self, corpus, places):
        require_mask(corpus)
        return super().make(corpus, places)

    def draw(self, batch, corpus, luck):
        return hide(batch, corpus, luck)


def hide(pairs: Batch, corpus, draw: np.random.Generator) -> Batch:
    """The same pairs, some tokens of their answers hidden."""
    answered = pairs.weights > 0
    sizes = answered.sum(axis=1)
    number = draw.integers(1, np.maximum(sizes, 2))
    luck = np.where(answered, draw.random(answered.shape), np.inf)
    rank = np.argsort(np.argsort(luck, axis=1), axis=1)
    hidden = answered & (rank < number[:, None])
    token_ids = np.where(hidden, np.int32(require_mask(corpus)), pairs.targets)
    tokens = np.arange(answered.shape[1])[None] < np.maximum(sizes, 1)[:, None]
    inputs = {**pairs.inputs, "token_ids": token_ids, "padding_mask": tokens}
    return Batch(inputs, pairs.targets, hidden.astype("float32"))
