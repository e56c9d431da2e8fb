"""The messages of a MIDI file, as a graph of plain TensorFlow: what `zoo.music.midi` reads by mido.

Where a message begins is known when all before it are. So every byte is asked where the message
would end that began there, for each number of data bytes that a status left out may stand for: from
the first message of a track these steps lead to all others, twice as many of them each turn.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.core.checked import checked
from zoo.music.midi import BEGINNING, DRUMS

MOST_BYTES = 1 << 23
LONGEST = 1_000_000
"""Bytes of a message that is no note, as mido has it."""
CLASSES = 3
"""How many data bytes a message has whose status is left out: none is wrong, one, or two."""
LONG = (0xF0, 0xF7, 0xFF)
"""Statuses of messages that say how long they are; the last tells of the file itself."""
SHORT = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}
UNKNOWN = -1
TEMPO = 0x51
OFF, ON, CONTROL, PROGRAM = 8, 9, 11, 12
"""Kinds of messages that belong to a voice: the upper half of a status."""


class Messages(NamedTuple):
    """m messages of voices, drums left out, in the order in which they are heard, int64 each."""

    tick: Any
    """From the beginning, `m`."""
    track: Any
    kind: Any
    channel: Any
    first: Any
    """0 to 127: the pitch of a note, or which controller."""
    second: Any
    """0 to 127: its velocity, or its value."""


class File(NamedTuple):
    """What a MIDI file says."""

    messages: Messages
    tempo_tick: Any
    """int64 `n`, when the tempo changes."""
    tempo: Any
    """int64 `n`, microseconds a quarter note."""
    per_quarter: Any
    """int64, ticks a quarter note."""
    last: Any
    """int64, the tick at which the longest track ends."""


def opened(midi: Any, name: Any) -> File:
    """A MIDI file, string scalar, as the tensors above. InvalidArgumentError for what is none, or
    is damaged; its message begins with `name`, text or string.

    What says nothing of notes, a key signature say, is not looked into. Numbers have four bytes at
    the most, and no message of the system is repeated without its status.
    """
    size = tf.strings.length(midi)
    begins = tf.strings.substr(midi, 0, len(BEGINNING)) == BEGINNING
    midi = _held(midi, begins, name, ": is no MIDI file.")
    small = size <= MOST_BYTES
    midi = _held(midi, small, name, f": has more than {MOST_BYTES:,} bytes.")
    data = _Bytes(midi)
    number, per_quarter = data.signed(10), data.signed(12)
    head = 8 + data.big(4, 4)
    starts, ends, whole = _tracks(data, tf.minimum(head, data.size), number)
    whole &= (data.size >= 14) & (head >= 14)
    starts, ends = (_held(x, whole, name) for x in (starts, ends))
    film = ": counts frames of a film (SMPTE), expected ticks a quarter note."
    per_quarter = _held(per_quarter, per_quarter > 0, name, film)
    at, good = _begins(data, starts, ends)
    return _said(data, _held(at, good, name), starts, per_quarter, name)


class _Bytes:
    """The bytes of a file, and zeros behind them."""

    def __init__(self, midi: Any):
        self.values = tf.cast(tf.io.decode_raw(midi, tf.uint8), tf.int64)
        self.size = tf.size(self.values, tf.int64)
        self.values = tf.pad(self.values, [[0, 14]])
        ends = self.values < 0x80
        self.ends = tf.where(ends)[:, 0]
        """Where numbers end that are written in several bytes."""
        self.before = tf.cumsum(tf.cast(ends, tf.int64), exclusive=True)

    def at(self, places: Any) -> Any:
        return tf.gather(self.values, tf.minimum(tf.cast(places, tf.int64), self.size))

    def big(self, first: Any, number: int) -> Any:
        """A number of so many bytes, the largest first."""
        return sum(self.at(first + k) * 256 ** (number - 1 - k) for k in range(number))

    def signed(self, first: int) -> Any:
        found = self.big(first, 2)
        return found - found // (1 << 15) * (1 << 16)

    def number(self, places: Any) -> tuple[Any, Any, Any]:
        """What numbers say that begin at places, where they end, and whether they may."""
        places = tf.minimum(places, self.size)
        last = tf.gather(self.ends, tf.gather(self.before, places))
        found = tf.zeros_like(places)
        for k in range(4):
            byte = self.at(places + k) % 0x80
            found = tf.where(places + k <= last, found * 0x80 + byte, found)
        return found, last + 1, last - places < 4


def _tracks(data: _Bytes, first: Any, number: Any) -> tuple[Any, Any, Any]:
    """Where tracks begin and end, int64 `t` each, and whether all are there."""
    number = tf.maximum(tf.cast(number, tf.int32), 0)
    name = int.from_bytes(b"MTrk", "big")

    def body(track, at, starts, ends, whole):
        start = at + 8
        end = start + data.big(at + 4, 4)
        whole &= (data.big(at, 4) == name) & (end <= data.size)
        starts, ends = starts.write(track, start), ends.write(track, end)
        return track + 1, tf.minimum(end, data.size), starts, ends, whole

    both = [tf.TensorArray(tf.int64, number, element_shape=[]) for _ in range(2)]
    loop = tf.constant(0), first, *both, tf.constant(True)
    _, _, starts, ends, whole = tf.while_loop(lambda track, *_: track < number, body, loop)
    return starts.stack(), ends.stack(), whole


def _begins(data: _Bytes, starts: Any, ends: Any) -> tuple[Any, Any]:
    """Where messages begin, int64 `m`, and whether each track is made of messages alone."""
    size = data.size
    behind = CLASSES * size
    track = tf.searchsorted(starts, tf.range(size), side="right")
    end = tf.gather(tf.concat([[0], ends], 0), track)
    leads = [_leads(data, end, of, behind) for of in range(CLASSES)]
    step = tf.concat([*leads, [behind, behind + 1]], 0)
    first = tf.boolean_mask(starts, starts < ends)

    def body(jump, _, found):
        new = tf.gather(jump, found)
        new = tf.boolean_mask(new, new < behind)
        return tf.gather(jump, jump), new, tf.concat([found, new], 0)

    shapes = (tf.TensorShape([None]),) * 3
    *_, found = tf.while_loop(
        lambda _, new, __: tf.size(new) > 0, body, (step, first, first), shape_invariants=shapes
    )
    good = tf.reduce_all(tf.gather(step, found) <= behind)
    return tf.sort(found % tf.maximum(size, 1)), good


def _leads(data: _Bytes, end: Any, of: int, behind: Any) -> Any:
    """The place behind a message that begins at each place, plus as many sizes of the file as a
    status left out there would have data bytes: `behind` at the end of a track, and one more for
    what is wrong. Before it, a status left out would have had `of`."""
    here = tf.range(data.size)
    _, at, good = data.number(here)
    status = data.at(at)
    fixed = tf.gather(_sizes(), status)
    own = status == 0xFF
    length, content, sure = data.number(at + 1 + tf.cast(own, tf.int64))
    long = own | (status == LONG[0]) | (status == LONG[1])
    known = tf.where(long, sure & (length <= LONGEST), fixed != UNKNOWN)
    after = tf.where(long, content + length, at + 1 + fixed)
    left_out = status < 0x80
    after = tf.where(left_out, at + of, after)
    good &= tf.where(left_out, of > 0, known) & (after <= end)
    kept = left_out | own
    next_of = tf.where(kept, tf.cast(of, tf.int64), tf.where(status < 0xF0, fixed, 0))
    leads = tf.where(after == end, behind, next_of * data.size + after)
    return tf.where(good, leads, behind + 1)


def _sizes() -> Any:
    """How many data bytes messages of each status have, int64 `256`."""
    channel = [1 if 0xC0 <= status < 0xE0 else 2 for status in range(0xF0)]
    return tf.constant(channel + [SHORT.get(one, UNKNOWN) for one in range(0xF0, 0x100)], tf.int64)


def _said(data: _Bytes, begins: Any, starts: Any, per_quarter: Any, name: Any) -> File:
    """What messages say that begin at places, int64 `m`, track after track."""
    passed, at, _ = data.number(begins)
    byte = data.at(at)
    own, given = byte == 0xFF, (byte >= 0x80) & (byte != 0xFF)
    statuses = tf.concat([tf.boolean_mask(byte, given), [0]], 0)
    status = tf.gather(statuses, tf.maximum(tf.cumsum(tf.cast(given, tf.int64)) - 1, 0))
    content = at + tf.cast(given, tf.int64)
    length, value, _ = data.number(at + 2)
    tempo = own & (data.at(at + 1) == TEMPO)
    begins = _held(begins, tf.reduce_all(~tempo | (length >= 3)), name)
    track = tf.searchsorted(starts, begins, side="right") - 1
    total = tf.concat([[0], tf.cumsum(passed)], 0)
    tick = total[1:] - tf.gather(total, tf.gather(tf.searchsorted(begins, starts), track))
    order = tf.argsort(tick, stable=True)
    first, second = (tf.minimum(data.at(content + k), 127) for k in range(2))
    track = tf.cast(track, tf.int64)
    columns = (tick, track, status // 16, status % 16, first, second)
    found = Messages(*(tf.gather(x, order) for x in columns))
    voiced = ~tf.gather(own, order) & _voiced(found)
    tempos = tf.boolean_mask(order, tf.gather(tempo, order))
    return File(
        Messages(*(tf.boolean_mask(x, voiced) for x in found)),
        tf.gather(tick, tempos),
        data.big(tf.gather(value, tempos), 3),
        per_quarter,
        tf.reduce_max(tf.concat([[0], tick], 0)),
    )


def _voiced(found: Messages) -> Any:
    kinds = tf.reduce_any([found.kind == kind for kind in (OFF, ON, CONTROL, PROGRAM)], axis=0)
    return kinds & (found.channel != DRUMS)


def _held(x: Any, holds: Any, name: Any, wrong: str = ": is a damaged MIDI file.") -> Any:
    """The same tensor, or an error that begins with a name."""
    return checked(x, holds, tf.strings.join([name, wrong]))
