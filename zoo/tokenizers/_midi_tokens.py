"""Notes to token ids and back, as a graph of plain TensorFlow: what `music_events` and `voice_grid`
do in NumPy, number by number."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.core.checked import checked
from zoo.music.grid import QUARTER, SILENCE
from zoo.music.notes import LOUD, MOST, NUM_PITCHES, TOO_LONG
from zoo.tokenizers import music_events as events
from zoo.tokenizers._midi_notes import Heard, ordered

TICKS = 1000
"""Ticks of a second in files that are written."""


class Rows(NamedTuple):
    """n notes to be written, int64 `n` each, in ticks."""

    start: Any
    end: Any
    pitch: Any
    velocity: Any
    voice: Any


def events_of(notes: Heard, name: Any) -> Any:
    """Notes -> token ids, int32 `t`. InvalidArgumentError where they are more than `MOST`."""
    start, end = (_whole(notes.seconds(x) * events.PER_SECOND) for x in (notes.start, notes.end))
    bins = (notes.velocity - 1) // events.PER_BIN
    columns = ordered((start, tf.maximum(end, start + 1), notes.pitch, bins), notes.pitch)
    start, end, pitch, bins = columns
    same = tf.concat([pitch[1:] == pitch[:-1], [False]], 0)[: tf.size(pitch)]
    after = tf.concat([start[1:], [0]], 0)[: tf.size(start)]
    end = tf.where(same, tf.minimum(end, after), end)
    start, end, pitch, bins = (tf.boolean_mask(x, end > start) for x in (start, end, pitch, bins))
    ones = tf.ones_like(start)
    both = (
        *(tf.concat(x, 0) for x in ((start, end), (ones, 0 * ones))),
        *(tf.tile(x, [2]) for x in (pitch, bins)),
    )
    return _told(*ordered(both, (both[0] * 2 + both[1]) * NUM_PITCHES + both[2]), name)


def _told(time: Any, on: Any, pitch: Any, bins: Any, name: Any) -> Any:
    """When notes begin and end, int64 `e`, whether they begin, what they are and how loud -> the
    token ids that say so."""
    wait = time - tf.concat([[0], time], 0)[: tf.size(time)]
    begins = on > 0
    loud = tf.boolean_mask(bins, begins)
    other = loud != tf.concat([[-1], loud], 0)[: tf.size(loud)]
    place = tf.maximum(tf.cumsum(on) - 1, 0)
    other = begins & tf.gather(tf.concat([other, [False]], 0), place)
    rest = wait % events.LONGEST
    ids = (
        tf.fill(tf.shape(wait), tf.constant(events.SHIFT + events.LONGEST - 1, tf.int64)),
        events.SHIFT + rest - 1,
        events.VELOCITY + bins,
        tf.where(begins, events.ON + pitch, events.OFF + pitch),
    )
    number = (
        wait // events.LONGEST,
        *(tf.cast(x, tf.int64) for x in (rest > 0, other)),
        tf.ones_like(wait),
    )
    ids, number = (tf.reshape(tf.stack(x, 1), [-1]) for x in (ids, number))
    which, _ = repeated(number, name)
    return tf.cast(tf.gather(ids, which), tf.int32)


def events_to(token_ids: Any) -> tuple[Rows, Any]:
    """Token ids, int `t` -> notes, and how many ticks they last."""
    ids = tf.cast(token_ids, tf.int64)
    passes = (ids >= events.SHIFT) & (ids < events.VELOCITY)
    now = tf.cumsum(tf.where(passes, ids - events.SHIFT + 1, 0))
    last = tf.reduce_max(tf.concat([[0], now], 0))
    louder = (ids >= events.VELOCITY) & (ids < events.END)
    bins = tf.boolean_mask(ids, louder) - events.VELOCITY
    loud = tf.concat([[LOUD], bins * events.PER_BIN + 1], 0)
    loud = tf.gather(loud, tf.cumsum(tf.cast(louder, tf.int64)))
    noted = ids < events.SHIFT
    time, loud, ids = (tf.boolean_mask(x, noted) for x in (now, loud, ids))
    pitch = ids % NUM_PITCHES
    time, loud, ids, pitch = ordered((time, loud, ids, pitch), pitch)
    same = tf.concat([pitch[1:] == pitch[:-1], [False]], 0)[: tf.size(pitch)]
    end = tf.where(same, tf.concat([time[1:], [0]], 0)[: tf.size(time)], last)
    sounds = (ids < events.OFF) & (end > time)
    found = (time, end, pitch, loud, tf.zeros_like(time))
    start, end, *rest = (tf.boolean_mask(x, sounds) for x in found)
    scale = TICKS // events.PER_SECOND
    return Rows(start * scale, end * scale, *rest), last * scale


def grid_of(notes: Heard, num_voices: int, steps_per_quarter: int, name: Any) -> Any:
    """Notes -> token ids, int32 `t`. InvalidArgumentError where they have more voices, or are more
    than `MOST`."""
    found = tf.strings.as_string(notes.num_voices)
    said = [": found ", found, " voices (tracks and channels), expected at most ", str(num_voices)]
    wrong = tf.strings.join([name, *said, "."])
    fits = notes.num_voices <= num_voices
    start, end, last = (
        _whole(notes.quarters(checked(x, fits, wrong)) * steps_per_quarter)
        for x in (notes.start, notes.end, notes.file.last)
    )
    end = tf.maximum(end, start + 1)
    which, place = repeated(end - start, name)
    length = tf.reduce_max(tf.concat([[last], end], 0)) * num_voices
    cells = (tf.gather(start, which) + place) * num_voices + tf.gather(notes.voice, which)
    sung = tf.math.unsorted_segment_max(which, cells, within(length, name))
    pitch = tf.gather(tf.concat([[SILENCE], notes.pitch], 0), tf.maximum(sung + 1, 0))
    return tf.cast(pitch, tf.int32)


def grid_to(token_ids: Any, num_voices: int, steps_per_quarter: int) -> tuple[Rows, Any]:
    """Token ids, int `t`, end tokens among them -> notes, and how many ticks they last."""
    ids = tf.cast(token_ids, tf.int64)
    ids = tf.minimum(tf.boolean_mask(ids, ids != SILENCE + 1), SILENCE)
    size = tf.size(ids)
    ids = tf.pad(ids, [[0, -size % num_voices]], constant_values=SILENCE)
    lines = tf.transpose(tf.reshape(ids, [-1, num_voices]))
    length = tf.shape(lines, tf.int64)[1]
    edge = tf.fill([num_voices, 1], tf.constant(-1, tf.int64))
    begins = lines != tf.concat([edge, lines], 1)[:, :length]
    ends = lines != tf.concat([lines, edge], 1)[:, 1:]
    (voice, start), end = tf.unstack(tf.where(begins), axis=1), tf.where(ends)[:, 1] + 1
    pitch = tf.boolean_mask(lines, begins)
    sounds = pitch < NUM_PITCHES
    step = tf.constant(QUARTER / steps_per_quarter, tf.float64)
    start, end, whole = (
        _whole(tf.cast(x, tf.float64) * step * float(TICKS)) for x in (start, end, length)
    )
    loud = tf.fill(tf.shape(pitch), tf.constant(LOUD, tf.int64))
    found = (start, end, pitch, loud, voice)
    return Rows(*(tf.boolean_mask(x, sounds) for x in found)), whole


def repeated(numbers: Any, name: Any) -> tuple[Any, Any]:
    """How often each of n stands in a row, int64 `n` -> which of them stands at each place, and for
    the how manyth time, int64 `t` each. InvalidArgumentError where the row is longer than `MOST`.
    """
    ends = tf.cumsum(numbers)
    total = within(tf.reduce_max(tf.concat([[0], ends], 0)), name)
    places = tf.range(total)
    which = tf.searchsorted(ends, places, side="right", out_type=tf.int64)
    return which, places - tf.gather(ends - numbers, which)


def within(number: Any, name: Any) -> Any:
    """The same number, or an error where it is larger than `MOST`."""
    said = tf.strings.join([name, f": {TOO_LONG}"])
    return checked(number, number <= MOST, said)


def _whole(x: Any) -> Any:
    """float64 -> the nearest whole number, int64."""
    return tf.cast(tf.round(x), tf.int64)
