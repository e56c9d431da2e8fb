"""Write pictures in a few turns: all tokens at once, then those anew that were the least sure
(Chang et al. 2022, MaskGIT, arXiv:2202.04200, section 3.2 and algorithm 1).

Shapes are static: one compiled loop for all turns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.generation.mask_schedules import MaskSchedule
from zoo.generation.pictures import UNKNOWN
from zoo.generation.sampling import choose
from zoo.generation.write import Sampling


@dataclass(frozen=True)
class Turns:
    """`num_turns` is the T of the paper; a `schedule` says how many tokens are hidden behind each.
    Which ones is a matter of luck, too, the more the higher the `choice_temperature`, and less with
    every turn. Raises ZooError for no turn, and for a temperature below 0."""

    num_turns: int = 12
    choice_temperature: float = 4.5
    schedule: str = "cosine"

    def __post_init__(self):
        if self.num_turns < 1 or not 0 <= self.choice_temperature < 1e6:
            raise ZooError(f"expected num_turns >= 1 and choice_temperature >= 0; found {self}.")

    def ratios(self) -> np.ndarray:
        """How far it is behind each turn, float32 `n`."""
        return np.arange(1, self.num_turns + 1, dtype="float32") / np.float32(self.num_turns)

    def hidden(self, unknown: np.ndarray) -> np.ndarray:
        """How many tokens of each picture are hidden behind each turn, int32 `n b`, of as many as
        were unknown before all turns, int `b`."""
        part = make(MaskSchedule, self.schedule).hidden(self.ratios()[:, None], unknown[None])
        return np.floor(unknown.astype("float32") * part).astype("int32")

    def luck(self, shape: tuple[int, ...], seed: Any) -> np.ndarray:
        """What is added to the logarithms of probabilities behind each turn, float32 `n b t`."""
        uniform = keras.random.uniform((self.num_turns, *shape), 1e-7, 1.0, seed=seed)
        heat = np.float32(self.choice_temperature) * (1 - self.ratios())
        return np.array(heated(uniform, heat[:, None, None]))


def heated(uniform: Any, heat: Any) -> Any:
    """Uniform numbers between 0 and 1 -> such of Gumbel, times a heat."""
    return -ops.log(-ops.log(uniform)) * heat


class ParallelWriter:
    """Writes with a task that guesses hidden tokens, `masked_lm`. Of its tokens only the first
    `num_tokens` are of pictures, and `mask_token_id` stands for a hidden one. Compiled once for
    each size and number of turns, used often."""

    def __init__(self, task: Any, num_tokens: int, mask_token_id: int):
        self.task, self.num_tokens, self.mask_token_id = task, num_tokens, mask_token_id
        self.compiled = compiled(self._write, task)

    def write(
        self, first: np.ndarray, known: np.ndarray, sampling: Sampling, turns: Turns
    ) -> np.ndarray:
        """What pictures begin from, int32 `b`, and the tokens that are known of each, int32 `b t`,
        `UNKNOWN` where they are not -> all tokens, int32 `b t`. Each picture is that of a seed of
        its own, the next one is that of the next seed: how many there are makes no difference."""
        rows, length = known.shape
        draws, lucks = [], []
        for seed in range(sampling.seed, sampling.seed + rows):
            seeds = keras.random.SeedGenerator(seed)
            draws.append(np.array(keras.random.uniform((turns.num_turns, length), seed=seeds)))
            lucks.append(turns.luck((1, length), seeds))
        hidden, luck = turns.hidden((known == UNKNOWN).sum(axis=1)), np.concatenate(lucks, axis=1)
        given = first.astype("int32"), known.astype("int32"), hidden, luck
        drawn = np.concatenate(draws, axis=1)
        return np.array(self.compiled(*given, drawn, *sampling.of_rows(known.size)))

    def turn(self, first: Any, tokens: Any, draws: Any, doubts: Any, *options: Any) -> Any:
        """One turn, as in `turned`; `draws` and `options` are those of each token, `b·t`."""
        return turned(tokens, self._score(first), lambda x: self._pick(x, draws, *options), doubts)

    def _write(self, first, known, hidden, luck, draws, *options):
        def pick(scores, turn):
            return self._pick(scores, ops.take(draws, turn, axis=0), *options)

        return search(known, self._score(first), pick, hidden, luck)

    def _score(self, first: Any) -> Callable[[Any], Any]:
        """What tells logits `b t v` of tokens, behind what pictures begin from, int32 `b`."""

        def score(tokens):
            masked = ops.where(tokens == UNKNOWN, self.mask_token_id, tokens)
            token_ids = ops.concatenate([first[:, None], masked], axis=1)
            states, _ = self.task.encode({"token_ids": token_ids})
            return self.task.logits(states)[:, 1:, : self.num_tokens]

        return score

    def _pick(self, scores: Any, draws: Any, *options: Any) -> Any:
        """Logits `b t v` -> tokens, int32 `b t`."""
        found = choose(ops.reshape(scores, (-1, self.num_tokens)), draws, *options)
        return ops.reshape(found, ops.shape(scores)[:-1])


def search(
    known: Any,
    score: Callable[[Any], Any],
    pick: Callable[[Any, Any], Any],
    hidden: Any,
    luck: Any,
) -> Any:
    """Tokens int32 `b t`, `UNKNOWN` where they are not known -> all of them, as they are after the
    last turn. `score` tells logits `b t v` of tokens; `pick` chooses by them, int32 `b t`, and is
    told which turn it is. `hidden` int32 `n b` and `luck` `n b t` are those of `Turns`."""

    def turn(place, tokens, _):
        doubts = tuple(ops.take(x, place, axis=0) for x in (hidden, luck))
        return place + 1, *turned(tokens, score, lambda logits: pick(logits, place), doubts)

    begun = ops.zeros((), "int32"), known, known
    return ops.while_loop(lambda place, *_: place < ops.shape(hidden)[0], turn, begun)[2]


def turned(
    tokens: Any, score: Callable[[Any], Any], pick: Callable[[Any], Any], doubts: tuple[Any, Any]
) -> tuple[Any, Any]:
    """One turn of `search`: tokens -> those that stay, `UNKNOWN` where one is hidden again, and all
    that were chosen. `doubts` are how many are hidden, int32 `b`, and the luck of each, `b t`."""
    logits, unknown = score(tokens), tokens == UNKNOWN
    found = ops.where(unknown, pick(logits), tokens)
    doubt = doubted(logits, found, unknown, *doubts)
    return ops.where(doubt, UNKNOWN, found), found


def doubted(logits: Any, found: Any, unknown: Any, number: Any, luck: Any) -> Any:
    """Logits `b t v` and the tokens that were chosen, int `b t` -> which to hide again, bool `b t`:
    of those that were `unknown`, bool `b t`, the `number`, int `b`, least sure by luck, `b t`. One
    is always hidden, and one, or as many as are equally sure, never."""
    told = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    sure = ops.take_along_axis(told, found[..., None], axis=-1)[..., 0] + luck
    sure = ops.where(unknown, sure, np.inf)
    there = ops.sum(ops.cast(unknown, "int32"), axis=1)
    number = ops.maximum(ops.minimum(there - 1, number), 1)
    limit = ops.take_along_axis(ops.sort(sure, axis=1), number[:, None], axis=1)
    return sure < limit
