"""Write pictures token by token, many at a time, around what is known of them."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from zoo.core.compiled import compiled, fast_products
from zoo.generation.sampling import choose
from zoo.generation.write import Sampling

UNKNOWN = -1
"""Stands for a token that is to be written."""


class Canvas(NamedTuple):
    """Pictures that are being written: all that is known of them."""

    tokens: Any
    """int32 `b t`, `UNKNOWN` where they are not known yet."""
    place: Any
    """int32, how many of them are behind."""
    hidden: Any
    """`b d`, what tells of the token to come."""
    state: Any


def draws_of(seed: int, length: int, rows: int, choices: int) -> np.ndarray:
    """Uniform numbers `t b c` that choose the tokens of pictures: those of a picture by a seed of
    its own, the next one's by the next seed."""
    shape, seeds = (length, choices), range(seed, seed + rows)
    return np.stack([np.array(keras.random.uniform(shape, seed=one)) for one in seeds], axis=1)


class PictureWriter:
    """Writes with a task: anything with `encode`, `draw` and `initial_state`. Of its tokens only
    the first `num_tokens` are of pictures; each takes `choices` choices, or one where a token is
    one choice. Compiled once for each size, used often."""

    def __init__(self, task: Any, num_tokens: int, choices: int = 1):
        self.task, self.num_tokens, self.choices = task, num_tokens, choices
        self._begun = compiled(self.begin, task)
        self._gone_on = compiled(self.go_on, task, jit_compile=fast_products())

    def write(
        self,
        first: np.ndarray,
        known: np.ndarray,
        sampling: Sampling,
        source: dict[str, Any] | None = None,
    ) -> np.ndarray:
        """What pictures begin from, int32 `b`, and the tokens that are known of each, int32 `b t`,
        `UNKNOWN` where they are not -> all tokens, int32 `b t`. Those that are known stay what they
        are, and what is written behind them is told of them. `source` is what is to be read, such
        as `encoder_token_ids` `b k`. Each picture is that of a seed of its own, the next one is
        that of the next seed: how many there are makes no difference."""
        rows, length = known.shape
        draws = draws_of(sampling.seed, length, rows, self.choices)
        options = sampling.of_rows(rows)
        state = self.task.initial_state(rows, length)
        canvas = self._begun(first.astype("int32"), known.astype("int32"), state, source or {})
        return np.array(self._gone_on(canvas, length, draws, *options).tokens)

    def begin(self, first: Any, known: Any, state: Any, source: Any) -> Canvas:
        """What pictures begin from, int32 `b`, has been read."""
        hidden, state = self.task.encode({"token_ids": first[:, None], **source}, state)
        return Canvas(known, ops.zeros((), "int32"), hidden[:, 0], state)

    def go_on(self, canvas: Canvas, stop: Any, draws: Any, *options: Any) -> Canvas:
        """Write up to the place `stop`, int. `draws` float32 `t b c`, of all places, for so many
        choices a token; `options` are temperature, top_k and top_p, each `b`."""
        length = canvas.tokens.shape[1]
        places = ops.arange(length)

        def next_token(place, tokens, hidden):
            some = ops.take(draws, place, axis=0)

            def pick(scores, choice):
                return choose(scores[..., : self.num_tokens], some[:, choice], *options)

            known = ops.take(tokens, place, axis=1)
            token = ops.where(known == UNKNOWN, self.task.draw(hidden, pick), known)
            return token, ops.where(places[None] == place, token[:, None], tokens)

        def body(tokens, place, hidden, state):
            token, tokens = next_token(place, tokens, hidden)
            hidden, state = self.task.encode({"token_ids": token[:, None]}, state)
            return tokens, place + 1, hidden[:, 0], state

        last = ops.minimum(stop, length - 1)  # nothing is to be read behind the last token
        tokens, place, *behind = ops.while_loop(
            lambda tokens, place, *_: place < last, body, tuple(canvas)
        )
        end = ops.minimum(place, length - 1)
        tokens = ops.where(stop > place, next_token(end, tokens, behind[0])[1], tokens)
        return Canvas(tokens, ops.maximum(place, stop), *behind)
