"""Notes to the bytes of a MIDI file, as a graph of plain TensorFlow: what `zoo.music.midi` writes,
byte by byte."""

from typing import Any

import tensorflow as tf

from zoo.music.midi import BEGINNING, DRUMS, QUARTER
from zoo.music.notes import NUM_PITCHES
from zoo.tokenizers._midi_notes import ordered
from zoo.tokenizers._midi_tokens import Rows

ON, OFF, PROGRAM = 0x90, 0x80, 0xC0
END_OF_TRACK = (0xFF, 0x2F, 0)
TAKES = 4
"""Bytes that the time between two messages takes at the most."""


def written(notes: Rows, num_voices: int, whole: Any) -> Any:
    """Notes, and how many ticks they last, int64 -> a MIDI file with a track a voice, string."""
    sizes = (num_voices >> 8, num_voices & 255, QUARTER >> 8, QUARTER & 255)
    head = [*BEGINNING, 0, 0, 0, 6, 0, 1, *sizes]
    whole = tf.reduce_max(tf.concat([[whole], notes.end], 0))
    tracks = [_track(notes, voice, whole) for voice in range(num_voices)]
    values = tf.concat([tf.constant(head, tf.int64), *tracks], 0)
    letters = tf.constant([bytes([value]) for value in range(256)])
    return tf.strings.reduce_join(tf.gather(letters, values))


def _track(notes: Rows, voice: int, whole: Any) -> Any:
    """The bytes of a track, int64."""
    channel = (voice + (voice >= DRUMS)) % 16
    mine = notes.voice == voice
    start, end, pitch, loud = (tf.boolean_mask(x, mine) for x in notes[:4])
    tick, on = tf.concat([start, end], 0), tf.repeat([1, 0], tf.size(start))
    on = tf.cast(on, tf.int64)
    pitch, loud = tf.tile(pitch, [2]), tf.concat([loud, tf.zeros_like(loud)], 0)
    columns = ordered((tick, on, pitch, loud), (tick * 2 + on) * NUM_PITCHES + pitch)
    tick, on, pitch, loud = columns
    before = tf.concat([[0], tick], 0)
    status = OFF + channel + (ON - OFF) * on
    told = status != tf.concat([[0], status], 0)[: tf.size(status)]
    times, needed = _number(tick - before[:-1])
    message = tf.stack([status, pitch, loud], 1)
    there = tf.stack([told, tf.ones_like(told), tf.ones_like(told)], 1)
    said = tf.boolean_mask(tf.concat([times, message], 1), tf.concat([needed, there], 1))
    last, needed = _number(whole - before[-1:])
    last = tf.concat([tf.boolean_mask(last, needed), END_OF_TRACK], 0)
    content = tf.concat([[0, PROGRAM + channel, 0], said, last], 0)
    size = tf.size(content, tf.int64)
    head = [*b"MTrk", *(size // 256**k % 256 for k in (3, 2, 1, 0))]
    return tf.concat([tf.stack([tf.cast(x, tf.int64) for x in head]), content], 0)


def _number(x: Any) -> tuple[Any, Any]:
    """Numbers, int64 `m` -> their bytes as they stand in a file, `m 4`, and which are there."""
    parts = tf.stack([x // 0x80**k % 0x80 for k in reversed(range(TAKES))], 1)
    there = tf.stack([x >= 0x80**k for k in reversed(range(1, TAKES))] + [x >= 0], 1)
    more = tf.constant([0x80] * (TAKES - 1) + [0], tf.int64)
    return parts + more, there
