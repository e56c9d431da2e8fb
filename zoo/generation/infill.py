"""Fill gaps by Gibbs sampling of blocks: all hidden tokens at once, then fewer and fewer of them
again, whichever they are (Huang et al. 2017, Coconet, section 4). How long the text is, is known.

Which are written again is luck, not doubt: models are surest of what goes on as it was, and
mask-predict (Ghazvininejad et al. 2019) makes one long note of a voice.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.generation.mask_predict import lowest
from zoo.generation.sampling import choose
from zoo.generation.write import Sampling

NUM_TURNS = 32


def infill(
    task: Any,
    token_ids: np.ndarray,
    hidden: np.ndarray,
    mask: int,
    most: int,
    num_turns: int = NUM_TURNS,
    sampling: Sampling | None = None,
) -> np.ndarray:
    """Token ids int `t`, of which those that are `hidden`, bool `t`, are written by a task
    `masked_lm` with ids below `most`: int32 `t`. `mask` stands for a token to be guessed. In turn
    n, from 0 on, ⌊N (T - n) / T⌋ of the N are written. Raises ZooError where there is no turn, and
    for more tokens than the model has positions."""
    if num_turns < 1:
        raise ZooError(f"num_turns: found {num_turns}, expected at least 1.")
    limit = task.backbone.max_sequence_length
    if limit and token_ids.size > limit:
        raise ZooError(
            f"found {token_ids.size} tokens, the positions of this model end at {limit}."
        )
    sampling = sampling or Sampling()
    given = (x[None] for x in (token_ids.astype("int32"), hidden, np.ones(token_ids.size, bool)))
    luck = _luck(sampling.seed, num_turns, token_ids.size)

    def written(token_ids, hidden, padding_mask, luck, *options):
        def scores(inputs):
            return task.run(inputs)[0]

        return filled(scores, token_ids, hidden, padding_mask, mask, most, luck, options)

    return np.array(compiled(written, task)(*given, luck, *sampling.of_rows(1)))[0]


def _luck(seed: int, num_turns: int, length: int) -> np.ndarray:
    """The numbers of a text with a seed, float32 `n 2 1 t`: a longer text begins with the same."""
    seeds = keras.random.SeedGenerator(seed)
    drawn = [keras.random.uniform((length,), seed=seeds) for _ in range(2 * num_turns)]
    return np.array(ops.stack(drawn)).reshape(num_turns, 2, 1, length)


def filled(
    scores: Callable[[dict[str, Any]], Any],
    token_ids: Any,
    hidden: Any,
    padding_mask: Any,
    mask: int,
    most: int,
    luck: Any,
    options: Sequence[Any],
) -> Any:
    """The same in a graph, of token ids int32 `b t` and bool `b t`: `scores` are those of a task,
    `b t v`, to its inputs. `luck`, float32 `n 2 b t` in [0, 1), says in each turn which tokens are
    written, and chooses them by `options`: temperature, top_k and top_p, `b` each."""
    number = ops.sum(ops.cast(hidden, "int32"), axis=1, keepdims=True)
    num_turns, shape = ops.shape(luck)[0], ops.shape(token_ids)
    options = [ops.reshape(ops.broadcast_to(x[:, None], shape), (-1,)) for x in options]

    def turn(place, known):
        order, draws = ops.unstack(ops.take(luck, place, axis=0), 2)
        again = ops.maximum(number * (num_turns - place) // num_turns, 1)
        again = hidden & lowest(ops.where(hidden, order, np.inf), again)
        asked = {"token_ids": ops.where(again, mask, known), "padding_mask": padding_mask}
        rows = ops.reshape(scores(asked)[..., :most], (-1, most))
        new = choose(rows, ops.reshape(draws, (-1,)), *options)
        return ops.where(again, ops.reshape(new, shape), known)

    return ops.fori_loop(0, num_turns, turn, token_ids)
