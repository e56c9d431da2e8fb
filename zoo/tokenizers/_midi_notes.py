"""The notes of a MIDI file, as a graph of plain TensorFlow: what `zoo.music.midi` hears."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.music.midi import DOWN, PEDAL, TEMPO
from zoo.music.notes import NUM_PITCHES
from zoo.tokenizers._midi_messages import CONTROL, OFF, ON, File, Messages, opened


class Heard(NamedTuple):
    """n notes, in the order of `zoo.music.notes`, int64 `n` each, and when they sound."""

    start: Any
    """In ticks."""
    end: Any
    pitch: Any
    velocity: Any
    voice: Any
    num_voices: Any
    """int64, also those without a note."""
    file: File

    def seconds(self, ticks: Any) -> Any:
        """When ticks are, float64, at the tempo of their time."""
        file = self.file
        begins = tf.cast(tf.concat([[0], file.tempo_tick], 0), tf.float64)
        tempo = tf.cast(tf.concat([[TEMPO], file.tempo], 0), tf.float64)
        lengths = (begins[1:] - begins[:-1]) * tempo[:-1]
        before = tf.concat([[0.0], tf.cumsum(lengths)], 0)
        at = tf.cast(ticks, tf.float64)
        last = tf.searchsorted(begins, at, side="right") - 1
        whole = tf.gather(before, last) + (at - tf.gather(begins, last)) * tf.gather(tempo, last)
        per_quarter = tf.cast(file.per_quarter, tf.float64)
        # A number that is known would be made a factor, which rounds otherwise.
        million = per_quarter * 1e6 / per_quarter
        return whole / per_quarter / million

    def quarters(self, ticks: Any) -> Any:
        """How many quarter notes ticks are, float64."""
        return tf.cast(ticks, tf.float64) / tf.cast(self.file.per_quarter, tf.float64)


class _Struck(NamedTuple):
    """Notes on and off, key after key, each in order; int64 `m` each, and bool."""

    key: Any
    place: Any
    """Which message it is."""
    on: Any


def heard(midi: Any, name: Any) -> Heard:
    """A MIDI file, string scalar -> its notes. InvalidArgumentError as `opened`."""
    file = opened(midi, name)
    said = file.messages
    voices = said.track * 16 + said.channel
    known = tf.sort(tf.unique(voices).y)
    number = tf.size(known, tf.int64)
    played = (said.kind == ON) | (said.kind == OFF)
    place = tf.where(played)[:, 0]
    key = tf.gather(voices * NUM_PITCHES + said.first, place)
    order = tf.argsort(key, stable=True)
    key, place = (tf.gather(x, order) for x in (key, place))
    begins = (said.kind == ON) & (said.second > 0)
    struck = _Struck(key, place, tf.gather(begins, place))
    ends = tf.gather(tf.concat([said.tick, [file.last]], 0), _ends(struck, said))
    start, pitch, loud, voice = (
        tf.gather(x, place) for x in (said.tick, said.first, said.second, voices)
    )
    voice = tf.cast(tf.searchsorted(known, voice), tf.int64)
    kept = struck.on & (ends > start)
    rows = [tf.boolean_mask(x, kept) for x in (start, ends, pitch, loud, voice)]
    rows = ordered(rows, rows[2] * number + rows[4])
    rows = ordered(rows, rows[0])
    return Heard(*rows, number, file)


def _ends(struck: _Struck, said: Messages) -> Any:
    """Which message ends a note, int64 `m`; as many as there are where the file ends it: the next
    of its key, but for one that lets it go while the pedal is down. Then it is what lifts the
    pedal, or strikes the key again, whichever is first."""
    never = tf.size(said.tick, tf.int64)
    key, place, on = struck
    after = _shifted(place, never)
    same = _shifted(key, -1) == key
    let_go = same & ~_shifted(on, True)
    channel = tf.gather(said.channel, place)
    down, lifted = _pedal(said, channel, after, never)
    again = tf.concat([tf.where(on)[:, 0], [tf.size(key, tf.int64)]], 0)
    again = tf.gather(again, tf.cumsum(tf.cast(on, tf.int64)))
    again_key, again_place = (
        tf.gather(tf.concat([x, [other]], 0), again) for x, other in ((key, -1), (place, never))
    )
    again = tf.where(again_key == key, again_place, never)
    held = tf.where(let_go & down, tf.minimum(lifted, again), after)
    return tf.where(same, held, never)


def _pedal(said: Messages, channel: Any, place: Any, never: Any) -> tuple[Any, Any]:
    """Of channels, int64 `m`, whether the pedal is down at a message, bool `m`, and which message
    behind that one lifts it."""
    turned = (said.kind == CONTROL) & (said.first == PEDAL)
    by = tf.where(turned)[:, 0]
    when = tf.sort(tf.gather(said.channel, by) * (never + 1) + by)
    pressed = tf.gather(said.second, when % (never + 1)) >= DOWN
    now = channel * (never + 1) + place
    before = tf.searchsorted(when, now)
    when_before, pressed = (
        tf.gather(tf.concat([[other], x], 0), before) for x, other in ((when, -1), (pressed, False))
    )
    down = pressed & (when_before // (never + 1) == channel)
    lifts = tf.boolean_mask(when, tf.gather(said.second, when % (never + 1)) < DOWN)
    lift = tf.gather(tf.concat([lifts, [-1]], 0), tf.searchsorted(lifts, now, side="right"))
    return down, tf.where(lift // (never + 1) == channel, lift % (never + 1), never)


def ordered(columns: Any, by: Any) -> list[Any]:
    """Columns in the order of a key; those of one key stay as they are."""
    order = tf.argsort(by, stable=True)
    return [tf.gather(x, order) for x in columns]


def _shifted(x: Any, last: Any) -> Any:
    """Each the next, and behind the last another."""
    return tf.concat([x[1:], [last]], 0)[: tf.size(x)]
