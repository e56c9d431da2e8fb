"""Fill gaps by mask-predict: all of them at once, then the least sure ones again (Ghazvininejad et
al. 2019, section 3). How long the text is, is known."""

from typing import Any

import numpy as np
from keras import ops

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError


def infill(
    task: Any, token_ids: np.ndarray, hidden: np.ndarray, mask: int, most: int, num_turns: int = 10
) -> np.ndarray:
    """Token ids int `t`, of which those that are `hidden`, bool `t`, are written by a task
    `masked_lm` with ids below `most`: int32 `t`. `mask` stands for a token to be guessed. Before
    turn n, from 0 on, ⌊N (T - n) / T⌋ of the N are hidden. Raises ZooError where there is no turn,
    and for more tokens than the model has positions."""
    if num_turns < 1:
        raise ZooError(f"num_turns: found {num_turns}, expected at least 1.")
    limit = task.backbone.max_sequence_length
    if limit and token_ids.size > limit:
        raise ZooError(
            f"found {token_ids.size} tokens, the positions of this model end at {limit}."
        )
    seen = np.ones((1, token_ids.size), bool)

    def guess(ids):
        scores = task.run({"token_ids": ids, "padding_mask": seen})[0][0, :, :most]
        likelihoods = ops.log_softmax(ops.cast(scores, "float32"), axis=-1)
        return ops.argmax(scores, axis=-1), ops.max(likelihoods, axis=-1)

    ask, places = compiled(guess, task), np.flatnonzero(hidden)
    found, sure = token_ids.astype("int32"), np.full(places.size, -np.inf)
    for turn in range(num_turns if places.size else 0):
        number = max(1, places.size * (num_turns - turn) // num_turns)
        doubted = np.argsort(sure, kind="stable")[:number]
        asked = found.copy()
        asked[places[doubted]] = mask
        tokens, likelihoods = (np.array(x)[places[doubted]] for x in ask(asked[None]))
        found[places[doubted]], sure[doubted] = tokens, likelihoods
    return found
