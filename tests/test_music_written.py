"""Music that a model writes: a file of MIDI behind its primer, and a picture of it."""

from pathlib import Path

import numpy as np
import pytest
import small_files
from bad_input import refused, says
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.core.errors import ZooError
from zoo.music.midi import read
from zoo.music.notes import Notes
from zoo.music.roll import draw
from zoo.recipe.check import _served as served
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
    for name in ("music_piano", "music_jsb_pitch_time"):
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
    assert done.output.split() == [str(to), str(to.with_suffix(".png"))]
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


def test_a_check_says_that_it_is_not_served():
    assert served(VoiceGrid()) == "nothing yet: no graph reads what it reads"


def test_a_picture_has_a_bar_for_every_note():
    notes = Notes.of([(0, 1, 60, 64, 0), (0.5, 1, 72, 64, 1), (1, 2, 62, 64, 0)])
    panel = draw(notes).axes[0]
    assert len(panel.patches) == len(notes.pitch) == 3
    bar = panel.patches[0]
    assert (bar.get_x(), bar.get_width()) == (notes.start[0], notes.end[0] - notes.start[0])
    assert len({patch.get_facecolor() for patch in panel.patches}) == 2
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["C4", "C5"]
    assert draw(Notes.of([])).axes
