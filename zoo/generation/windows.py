"""Write pictures larger than a model has learned to: each token is told by a window around it, as
large as the model's pictures (Esser et al. 2021, arXiv:2012.09841, section 3.2)."""

from typing import Any

import numpy as np
from keras import ops

from zoo.core.compiled import compiled
from zoo.generation.pictures import UNKNOWN, draws_of
from zoo.generation.sampling import choose
from zoo.generation.write import Sampling


class WindowWriter:
    """Writes row by row with a task that learned to write grids of `window` tokens row by row;
    `num_tokens` and `choices` as in `PictureWriter`. A place of a picture is `unit` tokens, side by
    side. Compiled once, used often; all of a window is read anew for each token."""

    def __init__(
        self, task: Any, num_tokens: int, window: tuple[int, int], choices: int = 1, unit: int = 1
    ):
        self.task, self.num_tokens, self.choices = task, num_tokens, choices
        self.window, self.unit = window, unit
        self.next_token = compiled(self._next_token, task)

    def write(self, first: np.ndarray, known: np.ndarray, sampling: Sampling) -> np.ndarray:
        """What pictures begin from, int32 `b`, and the tokens that are known of each, int32
        `b y x`, `UNKNOWN` where they are not, no fewer than in a window -> all of them."""
        rows, height, width = known.shape
        tokens, options = known.astype("int32"), sampling.of_rows(rows)
        draws = draws_of(sampling.seed, height * width, rows, self.choices)
        for place, draw in enumerate(draws):
            here = divmod(place, width)
            top, left = self.corner(*here, height, width)
            if (tokens[:, *here] != UNKNOWN).all():
                continue
            seen = tokens[:, top : top + self.window[0], left : left + self.window[1]]
            told = np.maximum(seen, 0).reshape(rows, -1)  # what lies behind is not looked at
            inside = np.int32((here[0] - top) * self.window[1] + here[1] - left)
            found = self.next_token(first.astype("int32"), told, inside, draw, *options)
            tokens[:, *here] = np.where(tokens[:, *here] == UNKNOWN, found, tokens[:, *here])
        return tokens

    def corner(self, row: int, column: int, height: int, width: int) -> tuple[int, int]:
        """The first row and column of the window that tells a token: it stands in the middle, as
        far as the picture goes on."""
        sides = (row, height, self.window[0], 1), (column, width, self.window[1], self.unit)
        top, left = (
            min(max(place // unit - wide // unit // 2, 0), (whole - wide) // unit) * unit
            for place, whole, wide, unit in sides
        )
        return top, left

    def _next_token(self, first: Any, tokens: Any, place: Any, draw: Any, *options: Any) -> Any:
        token_ids = ops.concatenate([first[:, None], tokens[:, :-1]], axis=1)
        hidden, _ = self.task.encode({"token_ids": token_ids})

        def pick(scores, choice):
            return choose(scores[..., : self.num_tokens], draw[:, choice], *options)

        return self.task.draw(ops.take(hidden, place, axis=1), pick)
