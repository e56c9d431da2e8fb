"""Fill gaps by mask-predict: all of them at once, then the least sure ones again (Ghazvininejad et
al. 2019, section 3). How long the text is, is known."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.generation.mask_predict import likeliest, lowest


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
    given = (x[None] for x in (token_ids.astype("int32"), hidden, np.ones(token_ids.size, bool)))

    def written(*given):
        return filled(lambda inputs: task.run(inputs)[0], *given, mask, most, num_turns)

    return np.array(compiled(written, task)(*given))[0]


def filled(
    scores: Callable[[dict[str, Any]], Any],
    token_ids: Any,
    hidden: Any,
    padding_mask: Any,
    mask: int,
    most: int,
    num_turns: int,
) -> Any:
    """The same in a graph, of token ids int32 `b t` and bool `b t`: `scores` are those of a task,
    `b t v`, to its inputs."""
    number = ops.sum(ops.cast(hidden, "int32"), axis=1, keepdims=True)

    def turn(place, found):
        known, sure = found
        doubted = ops.maximum(number * (num_turns - place) // num_turns, 1)
        doubted = hidden & lowest(ops.where(hidden, sure, np.inf), doubted)
        asked = {"token_ids": ops.where(doubted, mask, known), "padding_mask": padding_mask}
        new = likeliest(scores(asked)[..., :most])
        return tuple(ops.where(doubted, x, old) for x, old in zip(new, found))

    begun = token_ids, ops.where(hidden, -np.inf, np.inf)
    return ops.fori_loop(0, num_turns, turn, begun)[0]
