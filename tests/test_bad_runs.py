"""Runs that go wrong: each says so in one message, and nothing written before is lost."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bad_input import refused, says
from walks import QUICK

import zoo
from zoo.core import folders
from zoo.core.errors import RunError
from zoo.recipe import build, check
from zoo.training import checkpoints, loop, watch
from zoo.training.report import read

MEASURED = [
    *QUICK,
    "training.validation_batches=2",
    "training.checkpoint_every=2",
    "training.schedule={kind: constant, peak: 1e-2}",
]
SENTENCE = "It was a bright cold day in April, and the clocks were striking thirteen. "


def train(run, *overrides, resume=False):
    return zoo.train(zoo.load_recipe("quickstart", [*MEASURED, *overrides], tiny=True), run, resume)


def flip(file):
    """Damage one byte in the middle."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def whole(run):
    """The step checkpoints whose files are as they were written; all of them, or it fails."""
    return [folders.verify(folder)["step"] for folder in checkpoints.steps(run)]


def leftovers(run):
    return [file for file in run.rglob("*") if ".tmp" in file.name or ".old" in file.name]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a text and a finished run of four steps."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "text.txt").write_text(SENTENCE * 30)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train(Path("run"))
    return folder


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """A copy of that run, to be spoiled."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("run")


WRONG_MODELS = [
    ("model.blocks.attention.num_key_value_heads=3", "num_heads 2 must be a multiple of num_key"),
    ("model.position={kind: relative_xl, hidden_dim: 16}", "belongs into model.blocks.attention"),
    (
        "model.blocks.attention.position={kind: learned, max_sequence_length: 9}",
        "belongs at the embedding: write it as model.position",
    ),
    ("model.blocks.attention.position.hidden_dim=7", "hidden_dim 7 must be even"),
    (
        "model.blocks.attention={kernel: fused, dropout: 0.1}",
        "kernel fused has no attention dropout",
    ),
    ("training.schedule={kind: cosine, peak: 1, warmup_steps: 9}", "warmup_steps 9 must be below"),
    (
        "model.position={kind: learned, max_sequence_length: 7}",
        "data.batching: found 8 token_ids a row, but the positions of the model end at 7.",
    ),
    (
        "model.task={kind: text_classifier, num_classes: 2}",
        "batches that the task text_classifier does not take: Argument",
    ),
    ("model.hidden_dim=10_000_000", "5,250,000,961 parameters need 86.6 GB to train"),
    ("model.blocks.attention.memory_length=1_000_000_000_000", "GB"),
]


@pytest.mark.parametrize(("override", "words"), WRONG_MODELS)
def test_a_model_that_cannot_be_trained_is_refused_before_a_folder_is_made(run, override, words):
    said = refused(train, Path("other"), override)
    says(said, "training.schedule: " if "schedule" in override else "quickstart.yaml:", words)
    assert not Path("other").exists()


def test_a_model_larger_than_the_machine_is_refused_with_both_sizes(run, monkeypatch):
    sizes = {"SC_PAGE_SIZE": 1000, "SC_PHYS_PAGES": 100}
    monkeypatch.setattr(os, "sysconf", sizes.get)
    recipe = zoo.load_recipe("quickstart", MEASURED, tiny=True)
    said = refused(check.cost, recipe, build.text(recipe))
    says(said, "parameters need 0.0 GB", "this machine has 0.0 GB", "Use a smaller model")
    sizes["SC_PHYS_PAGES"] = 1000
    assert check.cost(recipe, build.text(recipe)).parameters


@pytest.mark.parametrize(
    ("override", "copies"),
    [
        ("training.optimizer=adam", 4),
        ("training.ema_momentum=0.9", 5),
        ("training.gradient_accumulation_steps=2", 5),
    ],
)
def test_the_estimate_counts_what_is_really_kept(run, override, copies):
    """Weights, gradients, two moments, their average, gathered gradients; memory twice."""
    recipe = zoo.load_recipe("quickstart", [*MEASURED, override], tiny=True)
    found = check.cost(recipe, build.text(recipe))
    weights, memory = found.parameters * 4, 2 * (2 * 8 * 16 * 4 + 2 * 4)
    assert found.num_bytes == pytest.approx(weights * copies + 2 * memory, rel=1e-3)
    assert zoo.build(recipe).count_params() == found.parameters


@pytest.mark.parametrize("folder", ["text.txt/below", "text.txt", "/proc/nothing/here", "x" * 300])
def test_a_run_folder_that_cannot_be_made_is_refused_before_training(run, folder):
    says(refused(train, Path(folder)), folder, "cannot be made", "Choose another with --run")


def test_a_folder_with_a_run_is_left_alone(run):
    before = (run / "recipe.yaml").read_bytes()
    said = refused(train, run)
    says(said, "run: holds a run already, begun with this recipe, at step 4.")
    says(said, "Go on with: zoo train run/recipe.yaml --run run --resume, or begin another")
    said = refused(train, run, "model.num_layers=3")
    says(said, "begun with another recipe", "model.num_layers: 2 -> 3")
    assert (run / "recipe.yaml").read_bytes() == before
    shutil.rmtree(run / "checkpoints")
    says(refused(train, run), "without a checkpoint yet", "--resume, or begin another")


def test_what_was_not_begun_cannot_be_resumed(run):
    says(refused(train, Path("other"), resume=True), "no run to resume. Leave --resume out")
    assert not Path("other").exists()


def test_resuming_with_another_recipe_lists_what_changed(run):
    said = refused(train, run, "model.num_layers=3", "training.seed=4", resume=True)
    says(said, "begun with another recipe:\n", "  model.num_layers: 2 -> 3\n")
    says(said, "  training.seed: nothing -> 4\n", "or begin a new one with --run")


def test_a_finished_run_says_how_to_train_on(run):
    said = refused(train, run, resume=True)
    says(said, "this run is complete, at step 4 of 4", "set a larger training.steps")


def test_a_text_that_changed_or_vanished_stops_a_resumed_run(run):
    Path("text.txt").write_text(SENTENCE.upper() * 30)
    said = refused(train, run, "training.steps=6", resume=True)
    says(said, "step_00000004: the training text has changed since this checkpoint was written")
    Path("text.txt").rename("txet.txt")
    said = refused(train, run, "training.steps=6", resume=True)
    says(said, "data.source.path: no file matches 'text.txt'", "Did you mean 'txet.txt'?")


def test_variables_that_do_not_fit_are_listed(run):
    recipe = zoo.load_recipe("quickstart", [*MEASURED, "model.hidden_dim=32"], tiny=True)
    learner = loop.compiled(zoo.build(recipe), 2, zoo.recipe.build.training(recipe))
    said = refused(checkpoints.restore, checkpoints.steps(run)[-1], learner)
    says(
        said,
        "does not fit this model, ",
        "variables differ.\n",
        "embeddings",
        "(257, 16)",
        "(257, 32)",
    )


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(run, capsys):
    flip(run / "checkpoints" / "step_00000004" / "state.npz")
    torn = [run / "checkpoints" / name for name in ("step_00000006.tmp", "step_00000008.tmp-77")]
    for folder in torn:
        folder.mkdir()
        (folder / "state.npz").write_bytes(b"half")
    train(run, "training.steps=6", resume=True)
    said = capsys.readouterr().out
    says(said, "step_00000004: state.npz is missing or damaged.", "Going on from step 2.")
    assert whole(run) == [4, 6]
    assert [row["step"] for row in read(run / "log.csv")] == ["1", "2", "3", "4", "5", "6"]


def test_without_a_whole_checkpoint_there_is_nothing_to_go_on_from(run):
    flip(run / "checkpoints" / "step_00000004" / "state.npz")
    (run / "checkpoints" / "step_00000002" / "manifest.json").write_text("[]")
    said = refused(train, run, "training.steps=6", resume=True)
    says(said, "run: there is no whole checkpoint to go on from", "--run FOLDER")


def poisoned(begin):
    """Training that begins with weights that are no numbers."""

    def first(watch, logs=None):
        watch.model.trainable_variables[0].assign(watch.model.trainable_variables[0] * np.nan)
        begin(watch, logs)

    return first


def test_a_lost_loss_stops_with_its_step_its_layer_and_a_hint(run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch.Watch, "on_train_begin", poisoned(watch.Watch.on_train_begin))
        said = refused(train, run, "training.steps=9", resume=True, error=RunError)
    says(said, "the loss became nan in step 5, batch 4: the output of ", "is nan, row 0, 1")
    says(said, "checkpoints/step_00000004", "training.schedule.peak")
    says(said, "zoo check run/recipe.yaml --replay run/lost")
    assert whole(run) == [2, 4]


def test_weights_that_are_lost_between_two_log_lines_are_not_saved(run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch.Watch, "on_train_begin", poisoned(watch.Watch.on_train_begin))
        rare = ["training.steps=40", "training.log_every=40", "training.validate_every=40"]
        said = refused(train, run, *rare, resume=True, error=RunError)
    says(said, "the loss became nan in step 5", "step_00000004", "training.clip_norm")
    assert whole(run) == [2, 4]


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_stops_training_and_loses_nothing(run, monkeypatch):
    monkeypatch.setattr(np, "savez", full)
    said = refused(train, run, "training.steps=9", resume=True, error=RunError)
    says(said, "step_00000006: cannot be written: no space is left", "is intact")
    assert whole(run) == [2, 4]
    assert not leftovers(run)
    assert zoo.load(run)


def test_a_disk_too_full_for_the_best_weights_is_noticed_before_hdf5_writes(run, monkeypatch):
    """HDF5 takes the whole process down when the disk fills up under it."""
    task = zoo.load(run)
    monkeypatch.setattr(type(task), "save_to_preset", None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=30_000))
    said = refused(checkpoints.save_best, run, task, error=RunError)
    says(said, "checkpoints/best: cannot be written: no space is left", "is intact")
    assert zoo.load(run)


@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_a_full_disk_leaves_a_file_as_it_was(tmp_path, monkeypatch, step):
    (tmp_path / "recipe.yaml").write_text("before")
    monkeypatch.setattr(Path, step, full)
    with pytest.raises(OSError, match="No space"):
        folders.write_file(tmp_path / "recipe.yaml", "after")
    assert [file.name for file in tmp_path.iterdir()] == ["recipe.yaml"]
    assert (tmp_path / "recipe.yaml").read_text() == "before"


@pytest.mark.parametrize("step", ["mkdir", "write_text", "rename"])
def test_a_full_disk_leaves_a_folder_as_it_was(tmp_path, monkeypatch, step):
    target = tmp_path / "best"
    folders.write_folder(target, lambda aside: (aside / "weights").write_bytes(b"before"), step=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, step, once(getattr(Path, step), target.with_name("best.tmp")))
        says(
            refused(
                folders.write_folder,
                target,
                lambda aside: (aside / "weights").write_bytes(b"after"),
                error=RunError,
            ),
            "cannot be written: no space is left",
            "What was written before is intact",
        )
    assert folders.verify(target)["step"] == 1
    assert [folder.name for folder in tmp_path.iterdir()] == ["best"]


def once(function, inside):
    """Fails where it would write `inside`, and works as ever elsewhere."""

    def failing(path, *arguments, **options):
        if inside in (path, *path.parents):
            full()
        return function(path, *arguments, **options)

    return failing


def test_a_folder_without_a_run_is_named(run):
    for function in (zoo.evaluate, zoo.export, lambda f: zoo.generate(f, "x")):
        for folder in ("other", "text.txt", "."):
            says(refused(function, folder), f"{folder}: holds no run", "zoo train RECIPE")
    for folder in ("other", "text.txt"):
        says(refused(zoo.load, folder), f"{folder}: there is no folder with a model")
    says(refused(zoo.load, "."), ".: holds no config.json", "a run, a preset or a folder of Hug")


def test_weights_that_were_damaged_are_not_loaded(run):
    flip(run / "checkpoints" / "best" / "model.weights.h5")
    says(refused(zoo.load, run), "best: model.weights.h5 is missing or damaged")
    shutil.rmtree(run / "checkpoints" / "best")
    says(refused(zoo.load, run), "run: has no weights yet (no checkpoints/best)")


@pytest.mark.parametrize("override", ["model.num_layers=3", "model.hidden_dim=32"])
def test_weights_that_do_not_fit_say_what_was_asked_otherwise(run, override):
    name, _, value = override.partition("=")
    says(refused(zoo.evaluate, run, [override]), "these weights do not fit", name, f"-> {value}")


def test_evaluating_needs_something_held_out(run):
    without = ["~data.source.validation_fraction", "~training.validate_every"]
    says(refused(zoo.evaluate, run, without), "run: its recipe holds out no validation text")


@pytest.mark.parametrize("wrong", [{"temperature": -1}, {"top_k": -1}, {"top_p": 0}, {"top_p": 2}])
def test_sampling_values_are_checked(run, wrong):
    ((name, value),) = wrong.items()
    says(refused(zoo.generate, run, "x", **wrong), "expected temperature >= 0", f"{name}={value}")


def test_a_prompt_longer_than_the_positions_says_how_much_is_left(run):
    positions = [
        "model.position={kind: learned, max_sequence_length: 16}",
        "model.scale_embedding=false",
        "data.batching={kind: windows, sequence_length: 8, batch_size: 2}",
        "model.blocks.attention={kind: multi_head, num_heads: 2, head_dim: 8, position: nope}",
        "training.steps=1",
    ]
    train(Path("short"), *positions)
    write = lambda *arguments: list(zoo.generate("short", *arguments))  # noqa: E731
    assert len(write("x" * 10, 5)) <= 5
    says(refused(write, "x" * 10, 9), "11 tokens and 9 new ones", "end at 16", "at most 5 new")
    says(refused(write, "x" * 30, 1), "31 tokens", "Shorten the prompt")


def test_an_interrupted_run_is_saved_and_its_command_goes_on(run):
    command = [sys.executable, "-m", "zoo.cli", "train", "quickstart", "--tiny", "--run", "mine"]
    command += [*MEASURED, "training.steps=100_000", "~export"]
    training = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_a_step(Path("mine"), training)
    training.send_signal(signal.SIGINT)
    out, err = training.communicate(timeout=60)
    assert training.returncode == 130, err
    says(out, "Stopping after this step")
    says(err, "zoo: Stopped after step ", "all saved. Go on with:\n  zoo train mine/recipe.yaml")
    step = int(err.split("after step ")[1].split()[0])
    assert whole(Path("mine"))[-1] == step
    assert not leftovers(Path("mine"))
    recipe, folder = (err.split("\n  zoo train ")[1].split()[i] for i in (0, 2))
    again = zoo.train(zoo.load_recipe(recipe, [f"training.steps={step + 2}"]), folder, resume=True)
    assert again["step"] == step + 2


def wait_for_a_step(run, process):
    """Any step: the first are removed again while others come."""
    until = time.monotonic() + 60
    while not checkpoints.steps(run):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.1)
