"""Music that a model writes: a file of MIDI behind its primer, and a picture of it."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import small_files
import tensorflow as tf
from bad_input import refused, says
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.core.errors import ZooError
from zoo.generation.infill import infill
from zoo.generation.write import Sampling
from zoo.music import sound
from zoo.music.midi import read
from zoo.music.notes import Notes
from zoo.music.roll import draw
from zoo.tokenizers.voice_grid import VoiceGrid

QUICK = ["training.steps=3", "training.jit_compile=false", "training.validate_every=2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two runs, one of events and one of voices, beside the files they read."""
    made = tmp_path_factory.mktemp("music")
    small_files.write_music(made)
    files = {
        "chorales": {"path": str(made / "g.json")},
        "midi_files": {"path": str(made), "index": "index.tsv"},
    }
    for name in ("music_piano", "music_jsb_pitch_time", "music_jsb_accompany"):
        given = [*QUICK, *small_files.overrides(name, files)]
        zoo.train(zoo.load_recipe(name, given, tiny=True), made / name)
    return made


def command(*words):
    return CliRunner().invoke(cli.app, ["generate", *map(str, words)])


@pytest.mark.parametrize("name", ["music_piano", "music_jsb_pitch_time"])
def test_a_piece_goes_on_where_its_primer_ends(place, name, tmp_path):
    primer, to = place / "train0.mid", tmp_path / "out.mid"
    done = command(place / name, primer, "--to", to, "--max-new-tokens", 24, "--seed", 3)
    assert done.exit_code == 0, done.output
    *files, played = done.output.splitlines()
    assert files == [str(to), str(to.with_suffix(".png"))]
    assert played == (str(to.with_suffix(".wav")) if sound.player(to, to) else sound.NONE)
    assert to.with_suffix(".png").stat().st_size > 3000
    before, after = (read(file.read_bytes()).heard for file in (primer, to))
    struck = [set(zip(np.rint(100 * x.start), x.pitch)) for x in (before, after)]
    assert struck[0] < struck[1]
    assert after.end.max() > before.end.max()


def test_the_same_is_written_from_python_with_and_without_the_primer(place):
    run, primer = place / "music_jsb_pitch_time", str(place / "train0.mid")
    options = {"max_new_tokens": 12, "temperature": 0}
    whole = b"".join(zoo.generate(run, primer, echo=True, **options))
    alone = b"".join(zoo.generate(run, primer, **options))
    seconds = [read(one).num_quarters for one in (whole, Path(primer).read_bytes(), alone)]
    assert seconds[0] == seconds[1] + seconds[2] > seconds[1]


def test_primers_and_files_that_are_none_are_refused(place, tmp_path):
    run = place / "music_piano"
    says(refused(zoo.generate, run, str(tmp_path / "no.mid")), "there is no file")
    says(refused(zoo.generate, run, str(place / "g.json")), "g.json is no MIDI file")
    done = command(run, "--to", tmp_path / "no" / "out.mid")
    assert isinstance(done.exception, ZooError)
    says(str(done.exception), "--to: found", "expected a file in a folder that is there")


def grid(midi):
    return VoiceGrid().read(np.frombuffer(midi, "uint8")).reshape(-1, 4)


def test_voices_are_written_to_a_melody_and_gaps_filled(place, tmp_path):
    run, melody = place / "music_jsb_accompany", np.full((16, 4), 128)
    melody[:, 0] = 67 + np.arange(16) // 4
    (tmp_path / "melody.mid").write_bytes(VoiceGrid().midi(melody.reshape(-1)))
    (whole,) = zoo.generate(run, str(tmp_path / "melody.mid"))
    assert (grid(whole)[:, 0] == melody[:, 0]).all()
    assert (grid(whole)[:, 1:] < 128).any()
    gap = ["--voices", "2,1", "--quarters", "2:4", "--to", tmp_path / "out.mid"]
    done = command(run, place / "train0.mid", *gap)
    assert done.exit_code == 0, done.output
    before, after = (grid(one.read_bytes()) for one in (place / "train0.mid", tmp_path / "out.mid"))
    other = before != after
    assert other[8:16, 1:3].any()
    other[8:16, 1:3] = False
    assert not other.any()


def test_gaps_that_are_none_are_refused(place):
    run, file = place / "music_jsb_accompany", str(place / "train0.mid")
    says(refused(zoo.infill, run, file), "--voices: found none, and all voices sing")
    says(refused(zoo.infill, run, file, [4]), "--voices: found 4, expected 0 to 3")
    says(refused(zoo.infill, run, file, [], (9, 99)), "--quarters: found 9:99", "within 0:10")
    said = refused(zoo.infill, place / "music_piano", file, [1])
    says(said, "fills no gaps, which needs masked_lm over a voice_grid")
    turned = command(place / "music_piano", file, "--num-turns", "3").exception
    says(str(turned), "fills no gaps, which needs masked_lm over a voice_grid")
    for option, wrong in (("--voices", "x"), ("--quarters", "8")):
        says(str(command(run, file, option, wrong).exception), f"{option}: found '{wrong}'")


def test_what_is_filled_is_what_a_plain_loop_fills():
    class Task:
        """Likes a pitch the better the more its neighbours are like it."""

        backbone = SimpleNamespace(max_sequence_length=None)

        def run(self, inputs):
            heard = tf.one_hot(inputs["token_ids"], 9)
            return tf.roll(heard, 1, 1) + tf.roll(heard, -1, 1) + tf.range(9.0) / 9, ()

    ids, hidden = np.array([1, 2, 3, 4, 0, 1, 2, 3]), np.array([0, 1, 1, 1, 0, 1, 1, 0], bool)
    found = infill(Task(), ids, hidden, 9, 8, 3, Sampling(0.7, seed=5))
    known, seeds = ids.copy(), keras.random.SeedGenerator(5)
    for number in (5, 3, 1):
        order, draws = (np.array(keras.random.uniform((8,), seed=seeds)) for _ in range(2))
        again = np.argsort(np.where(hidden, order, np.inf))[:number]
        asked = known.copy()
        asked[again] = 9
        scores = np.array(Task().run({"token_ids": asked[None]})[0])[0, :, :8]
        for place in again:
            tokens = np.argsort(-scores[place], kind="stable")
            shares = np.exp(scores[place, tokens] / 0.7)
            reached = np.cumsum(shares / shares.sum())
            known[place] = tokens[np.searchsorted(reached, draws[place], side="right")]
    assert found.tolist() == known.tolist()
    assert (found[~hidden] == ids[~hidden]).all()
    other = infill(Task(), ids, hidden, 9, 8, 3, Sampling(0.7, seed=6))
    assert other.tolist() != found.tolist()
    assert infill(Task(), ids, hidden & False, 9, 8).tolist() == ids.tolist()
    says(refused(infill, Task(), ids, hidden, 9, 8, 0), "num_turns: found 0")


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A system with a synthesiser that does what it is told, and a font."""
    (tmp_path / "font.sf2").touch()
    monkeypatch.setattr(sound, "FONTS", (str(tmp_path),))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def told(script):
        program = tmp_path / "fluidsynth"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return sound.write(tmp_path / "a.mid", tmp_path / "a.wav")

    return told


def test_a_synthesiser_plays_what_was_written(system, tmp_path):
    assert system('[ "$5" = -F ] && echo "$7" "$8" > "$6"') == str(tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_text().split() == [
        str(tmp_path / name) for name in ("font.sf2", "a.mid")
    ]
    said = refused(system, "echo no sound card >&2; exit 1")
    says(said, "fluidsynth cannot play", "a.mid: no sound card")


def test_where_nothing_plays_it_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sound.write(tmp_path / "a.mid", tmp_path / "a.wav").startswith("no .wav: a synthesiser")


def test_notes_are_shown_with_those_they_look_at(place, tmp_path):
    primer = place / "train0.mid"
    words = ["explain", place / "music_jsb_pitch_time", primer, "--to", tmp_path]
    done = CliRunner().invoke(cli.app, [*map(str, words)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "arcs.png").stat().st_size > 5000
    assert "Which notes two of them look at" in (tmp_path / "index.html").read_text()


def test_a_picture_has_a_bar_for_every_note():
    notes = Notes.of([(0, 1, 60, 64, 0), (0.5, 1, 72, 64, 1), (1, 2, 62, 64, 0)])
    panel = draw(notes).axes[0]
    assert len(panel.patches) == len(notes.pitch) == 3
    bar = panel.patches[0]
    assert (bar.get_x(), bar.get_width()) == (notes.start[0], notes.end[0] - notes.start[0])
    assert len({patch.get_facecolor() for patch in panel.patches}) == 2
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["C4", "C5"]
    assert draw(Notes.of([])).axes
