"""Averaged checkpoints: the mean that NumPy computes by itself; models that do not go together."""

from pathlib import Path

import numpy as np
import pytest
from bad_input import refused, says
from examples import causal_lm, gpt
from typer.testing import CliRunner
from walks import QUICK

import zoo
from zoo import cli
from zoo.core.errors import ZooError
from zoo.training import checkpoints

KEEPING = [
    *QUICK,
    "training.checkpoint_every=1",
    "training.keep_checkpoints=4",
    "training.schedule={kind: constant, peak: 1e-1}",
]
RUN = Path("run")
STEPS = [RUN / "checkpoints" / f"step_{step:08d}" for step in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a run of four steps, all of them kept."""
    folder = tmp_path_factory.mktemp("average")
    (folder / "text.txt").write_text("It was a bright cold day in April. " * 60)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        zoo.train(zoo.load_recipe("quickstart", KEEPING, tiny=True), RUN)
    return folder


@pytest.fixture
def place(trained, tmp_path, monkeypatch):
    """Somewhere else, with that run in sight."""
    for name in ("run", "text.txt"):
        (tmp_path / name).symlink_to(trained / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def weights(model):
    return {weight.path: weight.numpy() for weight in model.weights}


def saved(step):
    """The arrays of a step checkpoint that belong to the model: they are the first."""
    with np.load(step / "state.npz") as file:
        return [file[name] for name in file.files]


def test_the_mean_of_steps_is_the_mean_of_their_arrays(place):
    model = zoo.average(STEPS[1:], "mean")
    steps = [saved(step) for step in STEPS[1:]]
    assert np.abs(steps[0][0] - steps[2][0]).max() > 1e-2
    for number, (name, found) in enumerate(weights(model).items()):
        wanted = np.mean([np.float64(step[number]) for step in steps], axis=0)
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8, err_msg=name)
    again = weights(zoo.load("mean"))
    for name, found in weights(model).items():
        np.testing.assert_array_equal(again[name], found)


def test_an_encoder_and_a_decoder_whose_weights_have_the_same_paths_are_told_apart(tmp_path):
    steps = ["training.steps=3", "training.checkpoint_every=1", "training.keep_checkpoints=3"]
    given = [*steps, "training.jit_compile=false"]
    zoo.train(zoo.load_recipe("reverse_pairs", given, tiny=True), tmp_path / "run")
    folders = checkpoints.steps(tmp_path / "run")
    model = zoo.average(folders, tmp_path / "mean")
    assert len(weights(model)) < len(model.weights)
    kept = [saved(folder) for folder in folders]
    for number, found in enumerate(model.get_weights()):
        wanted = np.mean([np.float64(step[number]) for step in kept], axis=0)
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def test_the_last_steps_of_a_run_are_meant_by_their_number(place):
    told = weights(zoo.average(STEPS[1:], "told"))
    last = weights(zoo.average([RUN], "last", last=3))
    assert all((told[name] == last[name]).all() for name in told)
    assert any((told[n] != w).any() for n, w in weights(zoo.average(STEPS, "all")).items())


def test_runs_best_presets_and_steps_may_be_mixed(place):
    best = weights(zoo.load(RUN))
    zoo.save(zoo.load(RUN), "preset")
    mean = weights(zoo.average([RUN / "checkpoints" / "best", "preset", RUN], "mean"))
    for name, found in best.items():
        np.testing.assert_allclose(mean[name], found, rtol=1e-6)
    mixed = weights(zoo.average(["preset", STEPS[0]], "mixed"))
    for number, (name, found) in enumerate(mixed.items()):
        wanted = (np.float64(best[name]) + saved(STEPS[0])[number]) / 2
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def test_sums_are_kept_in_float64(tmp_path):
    """A third of 2²⁴ + 1 + 1 is lost to float32 before it is divided."""
    model, folders = causal_lm(gpt()), []
    for value in (2.0**24, 1.0, 1.0):
        model.set_weights([np.full(w.shape, value, "float32") for w in model.weights])
        folders.append(tmp_path / str(len(folders)))
        zoo.save(model, folders[-1])
    found = zoo.average(folders, tmp_path / "mean").get_weights()
    assert all((one == np.float32((2**24 + 2) / 3)).all() for one in found)


def test_a_mean_is_measured_and_trained_on_like_any_checkpoint(place):
    zoo.average(STEPS, "mean")
    mean = zoo.evaluate(RUN, ["model.checkpoint=mean"])
    assert mean["tokens"] == zoo.evaluate(RUN)["tokens"]
    assert mean["loss"] != zoo.evaluate(RUN)["loss"]
    zoo.average([STEPS[3], STEPS[3].resolve().parent / "best"], "same")  # the last is the best
    same = zoo.evaluate(RUN, ["model.checkpoint=same"])
    assert same["loss"] == pytest.approx(zoo.evaluate(RUN)["loss"], rel=1e-5)
    more = [*KEEPING, "model.checkpoint=mean", "training.steps=1"]
    zoo.train(zoo.load_recipe("quickstart", more, tiny=True), "more")


def test_models_that_differ_are_refused_by_weight_and_shape(place):
    for width in (16, 24):
        heads = gpt(max_sequence_length=width)
        zoo.save(causal_lm(heads), f"of_{width}")
    said = refused(zoo.average, ["of_16", "of_24"], "mean")
    says(said, "of_24: is of another model than of_16, 1 of", "weights differ.\n")
    says(said, "position/embeddings: (16, 16) in the first, (24, 16) here")
    said = refused(zoo.average, ["of_16", STEPS[0]], "mean")
    says(said, "position/embeddings: (16, 16) in the first, nothing here")
    assert not Path("mean").exists()


@pytest.mark.parametrize(
    ("given", "last", "words"),
    [
        ([STEPS[0]], None, "found 1 checkpoint, expected two or more"),
        ([STEPS[0], "nowhere"], None, "nowhere: there is no folder with a checkpoint"),
        ([STEPS[0], STEPS[0]], None, "is given twice"),
        ([RUN], 5, "run: holds 4 step checkpoints, expected 5. Ask for fewer with --last"),
        ([RUN], 1, "--last: found 1, expected two or more"),
        (["nowhere"], 2, "nowhere: holds no step checkpoint"),
        (STEPS, 2, "--last: found 4 folders, expected one run"),
        ([".", STEPS[0]], None, "holds no config.json"),
    ],
)
def test_what_cannot_be_averaged_is_refused(place, given, last, words):
    says(refused(zoo.average, given, "mean", last), words)
    assert not Path("mean").exists()


def test_a_damaged_step_is_refused(trained, place):
    RUN.unlink()
    run = Path("copy/checkpoints/step_00000001")
    run.mkdir(parents=True)
    for file in (trained / STEPS[0]).iterdir():
        (run / file.name).write_bytes(file.read_bytes()[:-1])
    said = refused(zoo.average, [run, trained / STEPS[1]], "mean")
    says(said, "step_00000001", "manifest.json")


def test_the_command_writes_a_preset_and_says_of_how_many(place):
    done = CliRunner().invoke(cli.app, ["average", "run", "--last", "2", "--to", "mean"])
    assert done.exit_code == 0, done.output
    parameters = zoo.load("mean").count_params()
    assert done.stdout == f"mean: the mean of 2 checkpoints, {parameters:,} parameters\n"
    again = CliRunner().invoke(cli.app, ["average", "run", "--last", "2", "--to", "mean"])
    assert isinstance(again.exception, ZooError)
    assert "mean: exists already" in str(again.exception)
    assert not [name for name in place.iterdir() if ".tmp" in name.name]
    assert len(checkpoints.steps(RUN)) == 4
