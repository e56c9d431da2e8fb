"""MIDI files to notes and back. The one door to mido.

mido reads and writes MIDI and nothing else, in plain Python, and is kept up. pretty_midi stands on
it and knows no more of what is wanted here.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.music.notes import Notes, Score

if TYPE_CHECKING:
    from mido import MidiFile

BEGINNING = b"MThd"
"""What a MIDI file begins with."""
PEDAL, DOWN = 64, 64
"""The controller that is the sustain pedal, and from which value on it is down."""
DRUMS = 9
"""The channel on which a pitch is the name of a drum."""
QUARTER = 500
"""Ticks of a quarter note in files that are written: at 120 quarters a minute, which is what a file
means that says nothing, a tick is a millisecond."""
KEPT = 1024
"""Files that are read once: a source looks whether they can be, and then a tokenizer reads them."""
TEMPO = 500_000
"""Microseconds of a quarter note in files that do not say."""

Key = tuple[int, int, int]
"""A track, a channel, and a pitch."""


def read(midi: bytes, name: str = "the file") -> Score:
    """What a MIDI file says. Notes sound on while the sustain pedal of their channel is down, until
    they are struck again; drums are left out, and so are notes of no length. Raises ZooError for
    what is no MIDI file, called `name`."""
    _mido()
    try:
        return _read(midi)
    except ZooError as wrong:
        raise ZooError(f"{name} {wrong.text}") from wrong


@functools.lru_cache(maxsize=KEPT)
def _read(midi: bytes) -> Score:
    file = _opened(midi)
    messages = sorted(_messages(file), key=lambda message: message[0])
    voices = sorted({(track, m.channel) for _, track, m in messages if _of_voice(m)})
    rank = {voice: number for number, voice in enumerate(voices)}
    last = max((sum(m.time for m in track) for track in file.tracks), default=0)
    found = _Sounding(rank)
    for tick, track, message in messages:
        found.hear(tick, track, message)
    found.end_all(last)
    notes = Notes.of(found.rows)
    heard = _clock(messages, file.ticks_per_beat)
    seconds = notes._replace(start=heard(notes.start), end=heard(notes.end))
    quarters = notes._replace(
        start=notes.start / file.ticks_per_beat, end=notes.end / file.ticks_per_beat
    )
    return Score(seconds, quarters, len(voices), last / file.ticks_per_beat)


def write(notes: Notes, num_voices: int = 1, seconds: float = 0.0) -> bytes:
    """Notes in seconds -> a MIDI file with a track for each voice, so many seconds long, or as long
    as its notes are."""
    mido = _mido()
    file = mido.MidiFile(type=1, ticks_per_beat=QUARTER)
    scale = QUARTER * 1e6 / TEMPO
    whole = round(max([seconds, *notes.end]) * scale)
    for voice in range(num_voices):
        track, now = mido.MidiTrack(), 0
        channel = (voice + (voice >= DRUMS)) % 16
        track.append(mido.Message("program_change", channel=channel, program=0))
        mine = notes.voice == voice
        starts, ends = (np.rint(x[mine] * scale).astype(int) for x in (notes.start, notes.end))
        pitches, velocities = notes.pitch[mine].tolist(), notes.velocity[mine].tolist()
        struck = [(t, 1, p, v) for t, p, v in zip(starts.tolist(), pitches, velocities)]
        for tick, on, pitch, velocity in sorted([*struck, *_ends(ends.tolist(), pitches)]):
            kind = "note_on" if on else "note_off"
            track.append(
                mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - now)
            )
            now = tick
        track.append(mido.MetaMessage("end_of_track", time=whole - now))
        file.tracks.append(track)
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def _ends(ticks: list[int], pitches: list[int]) -> list[tuple[int, int, int, int]]:
    """A note ends before the next of its pitch begins."""
    return [(tick, 0, pitch, 0) for tick, pitch in zip(ticks, pitches)]


class _Sounding:
    """The notes that sound while a file is heard, message after message."""

    def __init__(self, rank: dict[tuple[int, int], int]):
        self.rank = rank
        self.rows: list[tuple] = []
        self.struck: dict[Key, tuple[int, int]] = {}
        self.released: set[Key] = set()
        self.down: set[int] = set()

    def hear(self, tick: int, track: int, message: Any) -> None:
        if message.type == "control_change" and message.control == PEDAL:
            if message.value >= DOWN:
                self.down.add(message.channel)
            else:
                self._lift(tick, message.channel)
        elif message.type in ("note_on", "note_off") and message.channel != DRUMS:
            key = (track, message.channel, message.note)
            if message.type == "note_on" and message.velocity:
                self._end(tick, key)
                self.struck[key] = tick, message.velocity
            elif message.channel in self.down:
                self.released.add(key)
            else:
                self._end(tick, key)

    def end_all(self, tick: int) -> None:
        for key in list(self.struck):
            self._end(tick, key)

    def _lift(self, tick: int, channel: int) -> None:
        self.down.discard(channel)
        for key in [key for key in self.released if key[1] == channel]:
            self._end(tick, key)

    def _end(self, tick: int, key: Key) -> None:
        self.released.discard(key)
        start, velocity = self.struck.pop(key, (tick, 0))
        if tick > start:
            self.rows.append((start, tick, key[2], velocity, self.rank[key[:2]]))


def _messages(file: MidiFile) -> list[tuple[int, int, Any]]:
    """Ticks from the beginning, a track, and what is said there, of all that matters."""
    found = []
    for number, track in enumerate(file.tracks):
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo" or _of_voice(message):
                found.append((tick, number, message))
    return found


def _of_voice(message: Any) -> bool:
    kinds = ("note_on", "note_off", "control_change", "program_change")
    return message.type in kinds and message.channel != DRUMS


def _clock(messages: list[tuple[int, int, Any]], per_quarter: int) -> Any:
    """What turns ticks, float64 `n`, into seconds."""
    tempos = [(tick, m.tempo) for tick, _, m in messages if m.type == "set_tempo"]
    ticks, tempo = np.array([(0, TEMPO), *tempos], "float64").T
    lengths = np.diff(ticks) * tempo[:-1]
    seconds = np.concatenate([[0.0], np.cumsum(lengths)])

    def clock(at):
        last = np.searchsorted(ticks, at, side="right") - 1
        return (seconds[last] + (at - ticks[last]) * tempo[last]) / per_quarter / 1e6

    return clock


def _opened(midi: bytes) -> MidiFile:
    mido = _mido()
    if not midi.startswith(BEGINNING):
        raise ZooError("is no MIDI file: it does not begin with MThd.")
    try:
        file = mido.MidiFile(file=io.BytesIO(midi), clip=True)
    except Exception as wrong:  # mido raises what Python does, KeyError and IndexError among it
        reason = str(wrong) or "it ends too early"
        raise ZooError(f"is a damaged MIDI file: {reason}.") from wrong
    if file.ticks_per_beat <= 0:
        raise ZooError("counts frames of a film (SMPTE), expected ticks a quarter note.")
    return file


def _mido() -> Any:
    try:
        import mido
    except ImportError as wrong:
        raise ZooError(
            "MIDI files are read and written by mido: pip install 'attention-zoo[music]'."
        ) from wrong
    return mido
