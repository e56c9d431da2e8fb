"""Mask-predict: all tokens of a text are written at once, then those that are least sure are hidden
and written again, some times over (Ghazvininejad et al. 2019, section 3).

Texts of several lengths are tried side by side, and the one is taken whose tokens are the likeliest
on the mean. Shapes are static: one compiled loop for all turns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError


@dataclass(frozen=True)
class MaskPredict:
    """`num_turns` is the T of the paper, and `num_lengths` its l, how many lengths are tried.
    `end_token_id` stands behind what is written."""

    mask_token_id: int
    end_token_id: int
    num_turns: int = 10
    num_lengths: int = 5

    def __post_init__(self):
        if self.num_turns < 1 or self.num_lengths < 1:
            raise ZooError(f"expected num_turns >= 1 and num_lengths >= 1; found {self}.")

    def hidden(self, length: Any, turn: Any) -> Any:
        """How many of so many tokens, int, are hidden before a turn, counted from 0: all of them,
        then fewer each time, ⌊N (T - t) / T⌋, and one at the least."""
        return ops.maximum(length * (self.num_turns - turn) // self.num_turns, 1)


class Whole(NamedTuple):
    """Texts of different lengths, the best first."""

    token_ids: Any
    """int32 `b n t`: the tokens written; end tokens behind the length."""
    scores: Any
    """float32 `b n`: the mean logarithm of the tokens' probabilities, each as it was written."""
    lengths: Any
    """int32 `b n`"""


class MaskPredictWriter:
    """Writes with a task `mask_predict_lm`. Compiled once for each set of options."""

    def __init__(self, task: Any):
        self.task = task
        self.compiled: dict[MaskPredict, Callable] = {}

    def write(self, inputs: dict[str, Any], options: MaskPredict) -> Whole:
        """As `written`."""
        if options not in self.compiled:
            self.compiled[options] = compiled(
                lambda told: written(self.task, told, options), self.task
            )
        return self.compiled[options]({k: ops.convert_to_tensor(x) for k, x in inputs.items()})

    def best(self, inputs: dict[str, Any], options: MaskPredict) -> list[np.ndarray]:
        """The best text for each source, int `t`, without end tokens."""
        texts = np.array(self.write(inputs, options).token_ids)[:, 0]
        return [text[text != options.end_token_id] for text in texts]


def written(task: Any, inputs: dict[str, Any], options: MaskPredict) -> Whole:
    """`encoder_token_ids` int `b k`, a mask before each source, and `encoder_padding_mask` bool
    `b k` -> the texts that a task `mask_predict_lm` writes, `b n t`.

    Raises ZooError where more lengths are to be tried than the task knows.
    """
    if options.num_lengths > task.max_length:
        text = f"num_lengths: found {options.num_lengths}, expected at most "
        raise ZooError(f"{text}{task.max_length}, the longest text of the task.")
    read = task.read(inputs)
    source, mask = (
        ops.repeat(x, options.num_lengths, axis=0) for x in (read.source, read.source_mask)
    )

    def step(token_ids, tokens, state):
        given = {"token_ids": token_ids, "padding_mask": tokens}
        if state is None:
            state = task.initial_state(ops.shape(token_ids)[0], 1)
            given = {**given, "source": source, "source_mask": mask}
        hidden, state = task.backbone.run(given, state)
        return task.logits(hidden), state

    return search(read.lengths, step, options)


Step = Callable[[Any, Any, Any], tuple[Any, Any]]
"""Token ids int32 `b t`, which of them are tokens, bool `b t`, and a state -> logits `b t v`, and
what is remembered of the source: the state of all calls but the first, which gets None."""


def search(length_scores: Any, step: Step, options: MaskPredict) -> Whole:
    """Scores of the lengths 1 to t, `b t` -> texts of the likeliest of them, `b n t`. `step` is
    called with `b·n` rows, the texts of a source one after another."""
    room, number = length_scores.shape[-1], options.num_lengths
    batch = ops.shape(length_scores)[0]
    _, places = ops.top_k(length_scores, number)
    lengths = ops.reshape(ops.cast(places, "int32") + 1, (-1, 1))
    tokens = ops.arange(room)[None] < lengths
    masks = ops.where(tokens, options.mask_token_id, options.end_token_id)
    logits, state = step(masks, tokens, None)
    text, likelihoods = likeliest(logits)

    def turn(place, written):
        text, likelihoods = written
        doubted = lowest(ops.where(tokens, likelihoods, np.inf), options.hidden(lengths, place))
        logits, _ = step(ops.where(doubted, masks, text), tokens, state)
        new = likeliest(logits)
        return tuple(ops.where(doubted, x, old) for x, old in zip(new, written))

    first = ops.where(tokens, text, options.end_token_id), likelihoods
    text, likelihoods = ops.fori_loop(1, options.num_turns, turn, first)
    total = ops.sum(ops.where(tokens, likelihoods, 0.0), axis=1, keepdims=True)
    means = ops.reshape(total / ops.cast(lengths, "float32"), (batch, number))
    scores, order = ops.top_k(means, number)
    text = ops.reshape(text, (batch, number, room))
    text = ops.take_along_axis(text, order[:, :, None], axis=1)
    lengths = ops.take_along_axis(ops.reshape(lengths, (batch, number)), order, axis=1)
    return Whole(text, scores, lengths)


def likeliest(logits: Any) -> tuple[Any, Any]:
    """`b t v` -> the likeliest tokens, int32 `b t`, and the logarithms of their probabilities,
    float32 `b t`: they tell apart what as probabilities would all be 1."""
    likelihoods = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    return ops.cast(ops.argmax(logits, axis=-1), "int32"), ops.max(likelihoods, axis=-1)


def lowest(x: Any, number: Any) -> Any:
    """Which are the so many lowest, int `b 1`, of x `b t`; of equals the first: bool `b t`."""
    _, order = ops.top_k(-x, ops.shape(x)[-1])
    return ops.argsort(order, axis=-1) < number
