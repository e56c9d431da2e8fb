"""Notes of a piece of music that are written anew."""

import numpy as np
import tensorflow as tf

from zoo.core.checked import checked
from zoo.core.types import PositiveInt
from zoo.generation.infill import NUM_TURNS, filled
from zoo.music.grid import SILENCE
from zoo.serving.signatures import Served, Signature, Texts, spec
from zoo.serving.signatures._reading import scores, within
from zoo.serving.signatures._stream import Sampling, draws, options
from zoo.serving.signatures.generate import greedy
from zoo.tokenizers.voice_grid import VoiceGrid


class Infill(Signature):
    """midi string `b`, files of MIDI; voices bool `b v`, which to write anew, in the order of their
    tracks; first_quarter and last_quarter float32 `b`, between which quarter notes, 0 and 0 for a
    whole piece; temperature, top_k, top_p, seed; each `b` or `1` -> midi_bytes string `b`, the same
    pieces with other notes there, num_new_tokens int32 `b`, how many. Where no voice is told these
    are all of them between quarters, and in a whole piece those without a note. An error where
    there is nothing to write.
    """

    tasks = ("masked_lm",)
    music = ("midi",)
    first = True

    def __init__(self, num_turns: PositiveInt = NUM_TURNS):
        self.num_turns = num_turns

    def unasked(self, model):
        found = super().unasked(model)
        if not found and not isinstance(model.tokenizer, VoiceGrid):
            return "found a model of events, and gaps are those of voices on a grid"
        return found

    def example_options(self, model):
        voices = np.arange(model.tokenizer.num_voices)[None] == 0
        ends = {name: np.zeros(1, "float32") for name in _ENDS}
        return {"voices": voices, **ends, **greedy(Sampling._fields)}

    def takes(self, model):
        voices = spec(tf.bool, [None, model.tokenizer.num_voices], "voices")
        ends = (spec(tf.float32, [None], name) for name in _ENDS)
        return [voices, *ends, *options(Sampling._fields)]

    def answer(
        self, model, midi, voices, first_quarter, last_quarter, temperature, top_k, top_p, seed
    ):
        counts = tf.cast(midi.tokens.row_lengths(), tf.int32)
        ids = midi.tokens.to_tensor(SILENCE)
        inputs = {"token_ids": ids, "padding_mask": tf.sequence_mask(counts, tf.shape(ids)[1])}
        inputs = within(model, inputs)
        hidden = _hidden(model, inputs, counts, voices, (first_quarter, last_quarter))
        rows, length = tf.unstack(tf.shape(inputs["token_ids"]))
        *chosen, seed = (tf.broadcast_to(x, [rows]) for x in (temperature, top_k, top_p, seed))
        told = model.tokenizer.mask_token_id, SILENCE + 1, _luck(seed, self.num_turns, length)
        given = inputs["token_ids"], hidden, inputs["padding_mask"]
        ids = filled(lambda asked: scores(model, asked, axis=1), *given, *told, chosen)
        return {
            "midi_bytes": Texts(tf.RaggedTensor.from_tensor(ids, lengths=counts)),
            "num_new_tokens": tf.math.count_nonzero(hidden, axis=1, dtype=tf.int32),
        }


_ENDS = ("first_quarter", "last_quarter")


def _luck(seeds: tf.Tensor, num_turns: int, length: tf.Tensor) -> tf.Tensor:
    """The numbers of the live model for texts with seeds, int32 `b`: float32 `n 2 b t`."""

    def of_one(told):
        return draws(told[0], 0, length, told[1])

    number, rows = 2 * num_turns, tf.shape(seeds)[0]
    which = tf.stack(tf.meshgrid(seeds, tf.range(number)), axis=-1)
    like = tf.TensorSpec([None], tf.float32)
    drawn = tf.map_fn(of_one, tf.reshape(which, [-1, 2]), fn_output_signature=like)
    return tf.reshape(drawn, [num_turns, 2, rows, length])


def _hidden(
    model: Served,
    inputs: dict[str, tf.Tensor],
    counts: tf.Tensor,
    voices: tf.Tensor,
    quarters: tuple[tf.Tensor, tf.Tensor],
) -> tf.Tensor:
    """Which tokens are written anew, bool `b t`; an error where none may be."""
    number, per_quarter = model.tokenizer.num_voices, model.tokenizer.steps_per_quarter
    ids, there = inputs["token_ids"], inputs["padding_mask"]
    rows, place = tf.shape(ids)[0], tf.range(tf.shape(ids)[1])
    first, last = (tf.broadcast_to(tf.cast(x, tf.float64), [rows]) for x in quarters)
    whole = (first == 0) & (last == 0)
    steps = tf.cast(-(-counts // number), tf.float64)
    last = tf.where(whole, steps / per_quarter, last)
    message = "first_quarter, last_quarter: expected 0 <= first < last <= the end of the piece."
    fits = (first >= 0) & (first < last) & (last <= steps / per_quarter)
    last = checked(last, tf.reduce_all(fits), message)
    first, last = (tf.cast(tf.round(x * per_quarter), tf.int32)[:, None] for x in (first, last))
    within_them = (place // number >= first) & (place // number < last)
    mine = tf.one_hot(place % number, number, on_value=True, off_value=False)
    sung = tf.reduce_any(mine[None] & ((ids != SILENCE) & there)[:, :, None], axis=1)
    voices = tf.broadcast_to(voices, [rows, number])
    untold = ~tf.reduce_any(voices, axis=1, keepdims=True)
    known = tf.where(untold, ~(sung & whole[:, None]), voices)
    message = "voices: found none, and all voices sing; expected those to be written."
    known = checked(known, tf.reduce_all(tf.reduce_any(known, axis=1)), message)
    return there & within_them & tf.gather(known, place % number, axis=1)
