"""A model writes pictures in a graph in a few turns: all at once, then anew what it doubts."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.core.kinds import make
from zoo.data.batching.masked_pixels import MaskedPixels
from zoo.generation.mask_schedules import MaskSchedule
from zoo.generation.parallel import ParallelWriter, Turns, heated
from zoo.generation.pictures import UNKNOWN
from zoo.serving.signatures import Served
from zoo.serving.signatures._canvas import Easel, each

MOST = 128
"""Turns that may be asked for."""


class Guess(NamedTuple):
    """Pictures that are being written, each as far as it is."""

    first: Any
    """What each begins from, int32 `b`."""
    tokens: Any
    """int32 `b t`, `UNKNOWN` where they are to be written anew."""
    found: Any
    """The same, nothing hidden."""
    unknown: Any
    """How many tokens were unknown before all turns, int32 `b`."""
    place: Any
    """How many turns are behind, int32 `b`."""


class TurnedEasel(Easel):
    """As many are hidden behind each turn as `zoo generate` hides where no schedule is named."""

    usual = {**Easel.usual, "num_turns": 3, "choice_temperature": 0.0}
    part = "more_turns"

    def __init__(self, model: Served):
        super().__init__(model)
        number, mask = self.tokenizer.num_picture_tokens, self.tokenizer.mask_token_id
        self.guesser = ParallelWriter(model.task, number, mask)
        self.hidden = parts_hidden(self.length)

    def begin(self, first, known, source):
        unknown = tf.reduce_sum(tf.cast(known == UNKNOWN, tf.int32), axis=1)
        return Guess(first, known, known, unknown, tf.zeros_like(first))

    def write(self, canvas, chosen, number=None):
        rows = tf.shape(canvas.first)[0]
        turns = chosen["num_turns"]
        fits = (turns >= 1) & (turns <= MOST)
        turns = each(turns, fits, "num_turns", f"expected 1 to {MOST}.")
        chosen = {name: tf.broadcast_to(x, [rows]) for name, x in chosen.items()}
        turns = tf.broadcast_to(turns, [rows])
        most = MOST if number is None else tf.clip_by_value(number, 0, MOST)

        def going_on(made, canvas):
            return (made < most) & tf.reduce_any(canvas.place < turns)

        def turn(made, canvas):
            return made + 1, self._turn(canvas, turns, chosen)

        return tf.while_loop(going_on, turn, (0, canvas))[1]

    def finished(self, canvas, chosen):
        return canvas.place >= chosen["num_turns"]

    def drawn(self, canvas):
        return super().drawn(canvas._replace(tokens=canvas.found))

    def begun(self, canvas, chosen):
        there = (canvas.tokens != UNKNOWN) | self.finished(canvas, chosen)[:, None]
        return self._begun(canvas.found, there)

    def _turn(self, canvas: Guess, turns: Any, chosen: dict[str, Any]) -> Guess:
        """One turn of the pictures that are not finished."""
        place, going = canvas.place, canvas.place < turns
        behind = tf.minimum(place + 1, turns)
        part = tf.gather_nd(self.hidden, tf.stack([turns, behind], axis=1))
        number = tf.cast(tf.floor(tf.cast(canvas.unknown, tf.float32) * part), tf.int32)
        ratio = tf.cast(behind, tf.float32) / tf.cast(turns, tf.float32)
        heat = chosen["choice_temperature"] * (1 - ratio)
        draws, luck = (self._luck(chosen["seed"], place, which) for which in (0, 1))
        options = (
            tf.repeat(chosen[name], self.length) for name in ("temperature", "top_k", "top_p")
        )
        tokens, found = self.guesser.turn(
            canvas.first,
            canvas.tokens,
            tf.reshape(draws, [-1]),
            (number, heated(luck, heat[:, None])),
            *options,
        )
        return canvas._replace(
            tokens=tf.where(going[:, None], tokens, canvas.tokens),
            found=tf.where(going[:, None], found, canvas.found),
            place=place + tf.cast(going, tf.int32),
        )

    def _luck(self, seeds: Any, places: Any, which: int) -> tf.Tensor:
        """The numbers that `ParallelWriter` draws first, or second, of a seed, for the turn behind
        so many others: float32 `b t`."""
        least = 1e-7 * which

        def of_one(told):
            seed, place = told
            size = [(place + 1) * self.length]
            drawn = tf.random.stateless_uniform(size, tf.stack([seed, which]), least)
            return tf.ensure_shape(drawn[place * self.length :], [self.length])

        like = tf.TensorSpec([self.length], tf.float32)
        return tf.map_fn(of_one, (seeds, places), fn_output_signature=like)


def parts_hidden(total: int) -> np.ndarray:
    """Which part is hidden of so many tokens, of so many turns, behind the first of them and each
    that follows, float32 `n n`."""
    table, schedule = np.zeros((MOST + 1, MOST + 1), "float32"), make(MaskSchedule, Turns.schedule)
    for number in range(1, MOST + 1):
        table[number, 1 : number + 1] = schedule.hidden(Turns(number).ratios(), total)
    return table


def easel(model: Served) -> Easel:
    """The one that fits a model."""
    return (TurnedEasel if isinstance(model.painted, MaskedPixels) else Easel)(model)
