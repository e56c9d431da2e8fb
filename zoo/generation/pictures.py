"""Write pictures token by token, many at a time, around what is known of them."""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.core.compiled import compiled, fast_products
from zoo.generation.sampling import choose
from zoo.generation.write import Sampling

UNKNOWN = -1
"""Stands for a token that is to be written."""


class PictureWriter:
    """Writes with a task: anything with `encode`, `draw` and `initial_state`. Of its tokens only
    the first `num_tokens` are of pictures; each takes `choices` choices, or one where a token is
    one choice. Compiled once for each size, used often."""

    def __init__(self, task: Any, num_tokens: int, choices: int = 1):
        self.task, self.num_tokens, self.choices = task, num_tokens, choices
        self.begin = compiled(self._begin, task)
        self.go_on = compiled(self._go_on, task, jit_compile=fast_products())

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
        as `encoder_token_ids` `b k`."""
        rows, length = known.shape
        shape = (length, rows, self.choices)
        draws = np.array(keras.random.uniform(shape, seed=sampling.seed))
        options = sampling.of_rows(rows)
        state = self.task.initial_state(rows, length)
        begun = self.begin(first.astype("int32")[:, None], state, source or {})
        return np.array(self.go_on(known.astype("int32"), *begun, draws, *options))

    def _begin(self, first: Any, state: Any, source: Any) -> tuple[Any, Any]:
        """The hidden states after the first tokens, `b d`, and the next state."""
        hidden, state = self.task.encode({"token_ids": first, **source}, state)
        return hidden[:, 0], state

    def _go_on(self, known: Any, hidden: Any, state: Any, draws: Any, *options: Any) -> Any:
        places, length = ops.arange(known.shape[1]), known.shape[1]

        def next_token(place, tokens, hidden):
            some = ops.take(draws, place, axis=0)

            def pick(scores, choice):
                return choose(scores[..., : self.num_tokens], some[:, choice], *options)

            token = ops.where(
                ops.take(known, place, axis=1) == UNKNOWN,
                self.task.draw(hidden, pick),
                ops.take(known, place, axis=1),
            )
            return token, ops.where(places[None] == place, token[:, None], tokens)

        def body(place, tokens, hidden, state):
            token, tokens = next_token(place, tokens, hidden)
            hidden, state = self.task.encode({"token_ids": token[:, None]}, state)
            return place + 1, tokens, hidden[:, 0], state

        before = ops.zeros((), "int32"), known, hidden, state
        place, tokens, hidden, _ = ops.while_loop(
            lambda place, *_: place < length - 1, body, before
        )
        return next_token(place, tokens, hidden)[1]
