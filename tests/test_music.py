"""Music: MIDI files as events and as a grid of voices, and back."""

import contextlib
import io

import mido
import numpy as np
import pytest
from bad_input import refused, says
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.core.errors import ZooError
from zoo.music.grid import SILENCE, off_grid
from zoo.music.midi import read, write
from zoo.music.notes import Notes
from zoo.tokenizers.music_events import END, MusicEvents
from zoo.tokenizers.voice_grid import VoiceGrid

EVENTS, GRID = MusicEvents(), VoiceGrid()
ON, OFF, SHIFT, VELOCITY = 0, 128, 255, 356
"""What is added to a pitch, to steps from 1 on, and to a bin of velocities."""


def file(*tracks, per_quarter=480):
    """A MIDI file of messages, each a kind, ticks since the last, and what it says."""
    made = mido.MidiFile(ticks_per_beat=per_quarter)
    for messages in tracks:
        track = mido.MidiTrack()
        for kind, time, said in messages:
            meta = kind in ("set_tempo", "end_of_track")
            track.append((mido.MetaMessage if meta else mido.Message)(kind, time=time, **said))
        made.tracks.append(track)
    written = io.BytesIO()
    made.save(file=written)
    return written.getvalue()


def note(pitch, time, on, velocity=64, channel=0):
    said = {"note": pitch, "velocity": velocity, "channel": channel}
    return "note_on" if on else "note_off", time, said


def pedal(value, time, channel=0):
    return "control_change", time, {"control": 64, "value": value, "channel": channel}


def ids(tokenizer, midi):
    return tokenizer.read(np.frombuffer(midi, "uint8")).astype(int).tolist()


def heard(midi):
    """Start, end and pitch of every note."""
    notes = read(midi).heard
    return [tuple(np.round(row, 4)) for row in zip(notes.start, notes.end, notes.pitch)]


NOTE = st.tuples(
    st.integers(0, 400), st.integers(1, 300), st.integers(21, 108), st.integers(1, 127)
)
"""Start and length in steps of 10 ms, a pitch, and a velocity."""


def played(found):
    """Notes, none of which is struck while it sounds."""
    rows, until = [], {}
    for start, length, pitch, velocity in sorted(found):
        if start >= until.get(pitch, 0):
            until[pitch] = start + length
            rows.append((start / 100, (start + length) / 100, pitch, velocity, 0))
    return Notes.of(rows)


# Notes of a file.


def test_a_note_sounds_from_on_to_off_at_the_tempo_of_its_time():
    slow = ("set_tempo", 480, {"tempo": 1_000_000})
    tracks = [slow], [note(60, 0, True), note(60, 960, False), note(62, 0, True, 80)]
    last = [*tracks[1], note(62, 480, True, velocity=0)]
    assert heard(file(tracks[0], last)) == [(0, 1.5, 60), (1.5, 2.5, 62)]
    assert read(file(last)).written.end.tolist() == [2, 3]


def test_the_pedal_holds_what_is_let_go_until_it_is_lifted_or_struck_again():
    messages = [
        *(pedal(127, 0), note(60, 0, True), note(64, 0, True)),
        *(note(60, 48, False), note(64, 0, False)),
        *(note(60, 432, True), pedal(0, 480), note(60, 480, False)),
    ]
    assert heard(file(messages)) == [(0, 0.5, 60), (0, 1, 64), (0.5, 1.5, 60)]


def test_a_pedal_holds_its_own_channel_and_what_sounds_at_the_end_ends_there():
    held = [pedal(64, 0), note(60, 0, True), note(60, 480, False)]
    other = [note(72, 0, True, channel=1), note(72, 480, False, channel=1)]
    last = [note(50, 0, True), ("end_of_track", 1440, {})]
    assert heard(file(held, other, last)) == [(0, 1.5, 50), (0, 1.5, 60), (0, 0.5, 72)]


def test_drums_are_left_out():
    assert heard(file([note(36, 0, True, channel=9), note(36, 480, False, channel=9)])) == []


@given(st.lists(NOTE, max_size=30))
@settings(max_examples=40, deadline=None)
def test_notes_that_are_written_are_read_again(found):
    notes = played(found)
    again = read(write(notes)).heard
    for one, other in zip(notes, again):
        np.testing.assert_allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("midi", [b"text", b"MThd", file([note(60, 0, True)])[:-4]])
def test_what_is_no_midi_file_is_refused_by_name(midi):
    said = refused(read, midi, "song.mid")
    assert said.startswith("song.mid is ")


@given(st.binary(max_size=60))
@settings(max_examples=40, deadline=None)
def test_damaged_files_are_read_or_refused(rest):
    whole = file([note(60, 0, True), note(60, 480, False)])
    for midi in (b"MThd" + rest, whole[:14] + rest, whole[:22] + rest):
        with contextlib.suppress(ZooError):
            read(midi)


# Events.


def test_events_are_those_of_the_published_vocabulary():
    """In the order of Magenta: notes off before notes on, velocity before the note it is of."""
    assert (EVENTS.vocabulary_size, EVENTS.end_token_id) == (389, 388)
    midi = write(Notes.of([(0.02, 1.5, 60, 1, 0), (1.5, 3.52, 62, 127, 0)]))
    wanted = [SHIFT + 2, VELOCITY, ON + 60, SHIFT + 100, SHIFT + 48, OFF + 60]
    wanted += [VELOCITY + 31, ON + 62, SHIFT + 100, SHIFT + 100, SHIFT + 2, OFF + 62]
    assert ids(EVENTS, midi) == wanted
    names = [EVENTS.pieces()[one].decode().strip() for one in wanted[:6]]
    assert names == ["+20ms", "velocity1", "on60", "+1000ms", "+480ms", "off60"]


@given(st.lists(NOTE, max_size=30))
@settings(max_examples=40, deadline=None)
def test_events_give_back_every_note_but_for_four_velocities(found):
    notes = played(found)
    tokens = np.array(ids(EVENTS, write(notes)), int)
    again, seconds = EVENTS.notes(tokens)
    for one, other in zip((notes.start, notes.end, notes.pitch), again):
        np.testing.assert_allclose(one, other, atol=1e-9)
    assert (again.velocity == (notes.velocity - 1) // 4 * 4 + 1).all()
    assert seconds == pytest.approx(max(notes.end, default=0))
    assert ids(EVENTS, EVENTS.midi(tokens)) == tokens.tolist()


@given(st.lists(st.integers(0, END), max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_events_write_a_file_that_reads_as_its_notes(tokens):
    notes, _ = EVENTS.notes(np.array(tokens, int))
    again, _ = EVENTS.notes(np.array(ids(EVENTS, EVENTS.midi(tokens)), int))
    for one, other in zip(notes, again):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_of_notes_of_one_pitch_in_two_voices_the_first_ends_where_the_second_begins():
    midi = write(Notes.of([(0, 2, 60, 64, 0), (1, 3, 60, 64, 1)]), 2)
    notes, _ = EVENTS.notes(np.array(ids(EVENTS, midi)))
    assert list(zip(notes.start, notes.end)) == [(0, 1), (1, 3)]


@given(st.lists(NOTE, max_size=20), st.integers(-30, 30), st.sampled_from([0.5, 0.95, 1.05, 2]))
@settings(max_examples=40, deadline=None)
def test_music_is_moved_and_stretched_as_its_notes_are(found, semitones, factor):
    tokens = np.array(ids(EVENTS, write(played(found))), int)
    notes, _ = EVENTS.notes(tokens)
    moved, _ = EVENTS.notes(EVENTS.transposed(tokens, semitones))
    lowest, highest = min(notes.pitch, default=0), max(notes.pitch, default=127)
    by = min(max(semitones, -lowest), 127 - highest)
    assert (moved.pitch == notes.pitch + by).all()
    np.testing.assert_array_equal(moved.start, notes.start)
    later = EVENTS.stretched(tokens, factor)
    sounding = EVENTS.notes(later)[0]
    if len(sounding.start) == len(notes.start):  # none is too short to be heard
        order = np.lexsort((notes.start, notes.pitch)), np.lexsort((sounding.start, sounding.pitch))
        for one, other in ((notes.start, sounding.start), (notes.end, sounding.end)):
            wanted = np.rint(one[order[0]] * 100 * factor) / 100
            np.testing.assert_allclose(other[order[1]], wanted, atol=0.0101)
    assert max(later, default=0) < END
    np.testing.assert_array_equal(EVENTS.stretched(tokens, 1.0), tokens)


# A grid of voices.


@given(st.lists(st.lists(st.integers(35, 85) | st.just(SILENCE), min_size=4, max_size=4)))
@settings(max_examples=40, deadline=None)
def test_a_grid_comes_back_from_its_file(steps):
    grid = np.array(steps, int).reshape(-1, 4)
    midi = GRID.midi(grid.reshape(-1))
    assert ids(GRID, midi) == grid.reshape(-1).tolist()
    assert read(midi).num_voices == 4


def test_a_grid_reads_voice_by_voice_and_sings_a_step_that_is_not_whole():
    notes, seconds = GRID.notes(np.array([67, 62, 59, 43, 67, 130]))
    assert seconds == 0.25
    assert list(zip(notes.pitch, notes.end, notes.voice)) == [
        *((43, 0.125, 3), (59, 0.125, 2)),
        *((62, 0.125, 1), (67, 0.25, 0)),
    ]
    assert GRID.transposed(np.array([67, SILENCE, 131]), 2).tolist() == [69, SILENCE, 131]


def test_a_grid_refuses_what_it_has_no_room_for():
    five = write(Notes.of([]), 5)
    says(refused(ids, GRID, five), "found 5 voices (tracks and channels), expected at most 4")
    says(refused(VoiceGrid, num_voices=16), "num_voices: found 16, expected at most 15")
    says(refused(GRID.stretched, np.zeros(1), 1.5), "a grid has steps and no seconds")


def test_music_is_written_whole_behind_what_it_goes_on_from():
    before = np.array([67, 62, 59, 43])
    (midi,) = GRID.going_on(b"a.mid", before, iter([69, 62, 59, 43]))
    assert ids(GRID, midi) == [67, 62, 59, 43, 69, 62, 59, 43]
    assert b"".join(GRID.stream([67, 62, 59, 43])) == GRID.midi(before)
    assert GRID.said([67, SILENCE, 129]) == "67 - "


def test_an_empty_document_is_no_music():
    for tokenizer in (EVENTS, GRID):
        assert ids(tokenizer, b"") == []
        assert ids(tokenizer, tokenizer.midi([])) == []
    assert off_grid(np.zeros((0, 4)), 4)[1] == 0
