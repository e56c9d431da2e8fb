"""What goes wrong around a run: nothing beyond the last checkpoint is lost, nothing goes on as it
should not, and one message says what happened."""

import errno
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import killed
import numpy as np
import pytest
from bad_input import refused, says

import zoo
from zoo.core import folders
from zoo.core.errors import RunError
from zoo.core.lock import FILE, alone
from zoo.data.batching.streams import Streams
from zoo.recipe import build
from zoo.results.exported import missing
from zoo.serving.export import place
from zoo.training import checkpoints
from zoo.training.report import read
from zoo.training.run import resolve

EVERY = [
    "data.source.path=text.txt",
    "training.jit_compile=false",
    "training.log_every=1",
    "training.validate_every=2",
    "training.validation_batches=1",
    "training.checkpoint_every=2",
    "training.schedule={kind: constant, peak: 1e-2}",
]
TEXT = "It was a bright cold day in April, and the clocks were striking thirteen. " * 40


def train(run, *overrides, resume=False):
    return zoo.train(zoo.load_recipe("quickstart", [*EVERY, *overrides], tiny=True), run, resume)


def losses(run):
    return [row["loss"] for row in read(Path(run) / "log.csv")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A text, a run of six steps, and one that stopped after four of them."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "text.txt").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train("whole", "training.steps=6")
        train("run", "training.steps=4")
    return folder


@pytest.fixture
def here(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def goes_on(*overrides):
    train("run", "training.steps=6", *overrides, resume=True)
    assert losses("run") == losses("whole")


def test_two_trainings_do_not_share_a_folder(here):
    with alone(Path("run"), "zoo train"):
        said = refused(train, "run", "training.steps=6", resume=True)
    says(said, f"run: zoo train, process {os.getpid()}, is at work here", "--run")
    goes_on()


def test_what_a_process_held_that_was_killed_is_free(here):
    Path("run", FILE).write_text("zoo train, process 1,")
    goes_on()


def test_a_termination_is_saved_after_the_step(here):
    asked = [*EVERY, "training.steps=6"]
    asked[0] = f"data.source.path={here / 'text.txt'}"
    code, _, said = killed.train("quickstart", asked, here / "ended" / "run", number=40, by="TERM")
    assert code == 0
    says(said, "Stopped after step ", "all saved. Go on with:\n  zoo train ")
    code, _, said = killed.train("quickstart", asked, here / "ended" / "run", resume=True)
    assert (code, said) == (0, "")
    assert losses("ended/run") == losses("whole")


@pytest.mark.parametrize("name", ["best", "step_00000004"])
def test_what_was_being_replaced_when_it_was_killed_is_put_back(here, name):
    folder = Path("run", "checkpoints", name)
    folder.rename(f"{folder}.old")
    Path(f"{folder}.tmp").mkdir()
    goes_on()
    assert zoo.load("run")
    assert not [file for file in Path("run").rglob("*") if file.suffix in (".old", ".tmp")]


RARELY = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("open task.json", "os.rename best")
]


@pytest.mark.parametrize("moment", ["os.rename best.tmp", *RARELY])
def test_best_weights_that_were_being_written_are_those_before_or_the_new_ones(here, moment):
    best, recipe, text = Path("run/checkpoints/best"), Path("run/recipe.yaml"), here / "text.txt"
    written = recipe.read_text()
    recipe.write_text(written.replace("text.txt", str(text)))  # the process is elsewhere
    asked = [f"data.source.path={text}", *EVERY[1:], "training.steps=6"]
    code, _, said = killed.train("quickstart", asked, here / "run", resume=True, number=moment)
    assert (code, said) == (-signal.SIGKILL, "")
    recipe.write_text(written)
    assert not Path("run/checkpoints/step_00000006").exists()  # which tells of them
    kept = best if best.exists() else best.with_name("best.old")
    assert folders.verify(kept)["step"] == 4
    goes_on()
    assert folders.verify(best)["step"] == 6
    for one, other in zip(zoo.load("run").weights, zoo.load("whole").weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_best_weights_are_those_that_were_found_whenever_they_are_written(here, monkeypatch):
    twin = checkpoints.twin

    def late(task, weights):
        for weight in task.weights:
            weight.assign(weight * 0)  # as steps may have changed them meanwhile
        return twin(task, weights)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "twin", late)
        train("run", "training.steps=6", resume=True)
    assert folders.verify(Path("run/checkpoints/best"))["step"] == 6
    found, wanted = (zoo.load(run).weights for run in ("run", "whole"))
    assert np.any(wanted[0])
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_checkpoint_tells_of_best_weights_that_were_not_written(here, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save_best", full)
        said = refused(train, "run", "training.steps=6", resume=True, error=RunError)
    says(said, "run: cannot be written: no space is left", "is intact")
    assert [folder.name for folder in checkpoints.steps(Path("run"))][-1] == "step_00000004"
    assert folders.verify(Path("run/checkpoints/best"))["step"] == 4
    goes_on()
    assert folders.verify(Path("run/checkpoints/best"))["step"] == 6


@pytest.mark.slow
def test_an_export_that_was_killed_is_made_anew(here):
    for number in (6, 12):
        code, _, _ = killed.train(None, [], here / "run", number=number)
        assert code == -signal.SIGKILL
        assert [folder.name for folder in Path("saved").iterdir()] == ["1.tmp"]
    assert missing(Path("run"), resolve(Path("run")))
    zoo.export("run", "saved")
    assert [folder.name for folder in Path("saved").iterdir()] == ["1"]


def test_a_run_whose_export_was_killed_goes_on_with_that(here):
    recipe = resolve(Path("run"))
    assert missing(Path("run"), recipe)
    about = {"recipe_sha256": hashlib.sha256(recipe.to_yaml().encode()).hexdigest()}
    version = place(recipe, build.export(recipe)) / "1"
    folders.write_folder(version, lambda aside: (aside / "file").write_text("whole"), **about)
    assert not missing(Path("run"), recipe)
    (version / "file").write_text("torn")
    assert missing(Path("run"), recipe)
    longer = zoo.load_recipe("run/recipe.yaml", ["training.steps=9"])
    assert not missing(Path("run"), longer)  # it is to be trained first


PATIENT = ["training.patience=2", "training.schedule={kind: constant, peak: 1e-9}"]


def test_how_long_a_run_has_waited_is_not_forgotten(here):
    """No validation after the first finds anything better: stopped after the third."""
    told = [*PATIENT, "training.validate_every=1", "training.steps=30"]
    report = train("waiting", *told)
    assert (report["step"], report["stopped_early"]) == (3, True)
    said = refused(train, "waiting", *told, resume=True)
    says(said, "this run is complete: it stopped at step 3, as 2 validations found no lower loss")
    shutil.rmtree("waiting/checkpoints/step_00000003")
    Path("waiting/report.json").unlink()  # as if it had been killed
    assert train("waiting", *told, resume=True)["step"] == 3
    said = refused(train, "never", "training.patience=2", "training.validate_every=null")
    says(said, "training.patience", "expected training.validate_every with it")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB in a folder, where we may make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)])
    if made.returncode:
        pytest.skip("file systems are mounted by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_really_full_loses_nothing(here, small_disk):
    shutil.copytree("run", small_disk / "run")
    free = shutil.disk_usage(small_disk).free
    (small_disk / "others").write_bytes(bytes(free - 40_000))
    said = refused(train, small_disk / "run", "training.steps=6", resume=True, error=RunError)
    says(said, "cannot be written: no space is left", "is intact")
    (small_disk / "others").unlink()
    train(small_disk / "run", "training.steps=6", resume=True)
    assert losses(small_disk / "run") == losses("whole")


def test_a_folder_that_has_become_read_only_is_named(here, monkeypatch):
    whole = Path.open

    def closed(self, mode="r", *more, **named):
        if "run" in self.parts and set(mode) & set("wa"):
            raise OSError(errno.EROFS, "Read-only file system")
        return whole(self, mode, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", closed)
        said = refused(train, "run", "training.steps=6", resume=True, error=RunError)
    says(said, "run: cannot be written: Read-only file system", "is intact")
    goes_on()


def damaged(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("file", ["state.npz", "manifest.json"])
@pytest.mark.parametrize(
    "harm",
    [
        damaged,
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"garbage " * 20,
        None,
    ],
    ids=["flipped", "truncated", "empty", "garbage", "missing"],
)
def test_a_damaged_checkpoint_is_passed_over(here, file, harm, capsys):
    bad = Path("run", "checkpoints", "step_00000004", file)
    if harm:
        bad.write_bytes(harm(bad.read_bytes()))
    else:
        bad.unlink()
    if file == "manifest.json" and harm is damaged:
        text = json.loads(Path("run/checkpoints/step_00000002/manifest.json").read_text())
        bad.write_text(json.dumps(text | {"sha256": {"state.npz": "0" * 64}}))
    found, facts = checkpoints.latest(Path("run"), print)
    assert (found.name, facts["step"]) == ("step_00000002", 2)
    says(capsys.readouterr().out, "step_00000004: ", "Looking for the one before.")


def test_a_checkpoint_of_a_newer_zoo_is_passed_over_with_both_versions(here, capsys):
    file = Path("run", "checkpoints", "step_00000004", "manifest.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"layout": 99}))
    goes_on()
    said = capsys.readouterr().out
    says(said, "a newer version", "layout 99, expected at most", "Going on from step 2.")


def rewritten(change):
    """A checkpoint that is whole, but holds other variables."""
    folder = Path("run", "checkpoints", "step_00000004")
    with np.load(folder / "state.npz") as file:
        state = change(dict(file))
    facts = {k: v for k, v in folders.verify(folder).items() if k != "sha256"}
    folders.write_folder(folder, lambda aside: np.savez(aside / "state.npz", **state), **facts)
    return folder


def without_optimizer(state):
    return {name: value for name, value in state.items() if "adam" not in name}


def with_nan(state):
    name = next(name for name in state if "embeddings" in name)
    return state | {name: state[name] * np.nan}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_optimizer, ["does not fit this model", "variables differ", "adam"]),
        (with_nan, ["1 variables are not finite, first ", "embeddings"]),
    ],
)
def test_a_checkpoint_of_another_model_is_not_gone_on_from(here, change, words):
    folder = rewritten(change)
    says(refused(train, "run", "training.steps=6", resume=True), folder, *words)


def test_another_text_is_not_gone_on_with(here):
    Path("text.txt").write_text(TEXT.replace("April", "March"))
    said = refused(train, "run", "training.steps=6", resume=True)
    says(said, "the training text has changed since this checkpoint was written")
    Path("text.txt").write_text(TEXT)
    goes_on()


def test_another_recipe_is_not_gone_on_with(here):
    changed = ["training.optimizer={kind: sgd}", "training.seed=1"]
    said = refused(train, "run", "training.steps=6", *changed, resume=True)
    says(said, "begun with another recipe", "optimizer", "training.seed")
    goes_on()


PIECES = ["tokenizer={kind: byte_pair, vocabulary_size: 270}", "training.steps=2"]


def test_another_vocabulary_is_not_gone_on_with(here):
    train("pieces", *PIECES)
    before = {f.name: f.read_bytes() for f in Path("pieces/tokenizer").iterdir()}
    Path("text.txt").write_text(TEXT.replace("clocks", "horses"))
    train("others", *PIECES)
    Path("text.txt").write_text(TEXT)
    for file in Path("others/tokenizer").iterdir():
        (Path("pieces/tokenizer") / file.name).write_bytes(file.read_bytes())
    said = refused(train, "pieces", *PIECES, "training.steps=4", resume=True)
    says(said, "pieces/tokenizer holds another vocabulary than when this checkpoint was written")
    for name, data in before.items():
        (Path("pieces/tokenizer") / name).write_bytes(data)
    name = max(before, key=lambda name: len(before[name]))
    (Path("pieces/tokenizer") / name).write_bytes(before[name][:-9])
    said = refused(train, "pieces", *PIECES, "training.steps=4", resume=True)
    says(said, f"pieces/tokenizer: {name} is missing or damaged")


def test_a_clock_that_jumps_changes_nothing(here, monkeypatch):
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3e8)
    goes_on()
    seconds = [float(row["seconds"]) for row in read(Path("run/log.csv"))]
    assert seconds == sorted(seconds)
    assert 0 < seconds[-1] < 1e4


def test_a_batch_of_nan_stops_before_it_harms_the_weights_and_can_be_looked_at(here, capsys):
    whole = Streams.batch

    def poisoned(self, corpus, step):
        batch = whole(self, corpus, step)
        return batch._replace(weights=batch.weights * np.nan) if step == 4 else batch

    late = ["training.steps=8", "training.log_every=8", "training.checkpoint_every=8"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Streams, "batch", poisoned)
        said = refused(train, "run", *late, resume=True, error=RunError)
    says(said, "the loss became nan in step 5, batch 4", "run/checkpoints/step_00000004")
    with np.load("run/lost/batch.npz") as batch, np.load("run/lost/state.npz") as kept:
        assert np.isnan(batch["weights"]).all()
        with np.load("run/checkpoints/step_00000004/state.npz") as saved:
            for name in saved:
                if not re.search("adam|memory|nll|loss|accuracy|seed", name):
                    np.testing.assert_array_equal(kept[name], saved[name], name)
    command = re.search(r"zoo (check \S+ --replay \S+)", said)[1].split()
    from typer.testing import CliRunner

    from zoo.cli import app

    told = CliRunner().invoke(app, command, catch_exceptions=False).output
    says(told, "lost", "is nan", "output 1")
    says(refused(zoo_check, "run/checkpoints/step_00000004"), "holds no batch")
    goes_on()


def zoo_check(folder):
    from zoo.recipe.load import load
    from zoo.training.replay import replay

    return replay(Path(folder), load("run/recipe.yaml"))


RECORDS = [{"text": f"record {number}: " + TEXT[:200]} for number in range(40)]


@pytest.fixture
def shards(here):
    Path("shards").mkdir()
    lines = [json.dumps(one) + "\n" for one in RECORDS]
    Path("shards/1.jsonl").write_text("".join(lines[:20]))
    Path("shards/2.jsonl.gz").write_bytes(gzip.compress("".join(lines[20:]).encode()))
    return ["~data.source.path", "data.source={kind: shards, path: shards}"]


def of_shards(run, *overrides, resume=False):
    asked = [*EVERY[1:], "data.source={kind: shards, path: shards, validation_fraction: 0.2}"]
    return zoo.train(
        zoo.load_recipe("quickstart", [*asked, "training.steps=2", *overrides], tiny=True), run
    )


def test_broken_records_are_named_and_left_out_only_where_the_recipe_says_so(shards, capsys):
    file = Path("shards/1.jsonl")
    lines = file.read_text().splitlines(keepends=True)
    place = sum(map(len, lines[:3]))
    file.write_text("".join([*lines[:3], '{"text": "torn\n', *lines[4:]]))
    said = refused(of_shards, "mine")
    says(said, f"shards/1.jsonl:4 (byte {place:,}): not JSON: ")
    of_shards("mine", "data.source.skip_broken=1")
    says(capsys.readouterr().out, "Left out: shards/1.jsonl:4 (byte ")
    packed = Path("shards/2.jsonl.gz")
    packed.write_bytes(packed.read_bytes()[:-30])
    said = refused(of_shards, "yours", "data.source.skip_broken=1")
    says(said, "shards/2.jsonl.gz:", "cannot be read", "1 before it were left out")
    of_shards("yours", "data.source.skip_broken=2")


def test_records_of_many_files_are_read_in_place_and_split_alike(shards):
    from zoo.core.kinds import make
    from zoo.data.sources import Source

    node = {"kind": "shards", "path": "shards", "validation_fraction": 0.2}
    source = make(Source, node)
    train, held_out = source.train(), source.validation()
    texts = [one.data.tobytes().decode() for split in (train, held_out) for one in split]
    assert sorted(texts) == sorted(one["text"] for one in RECORDS)
    assert (len(train), len(held_out)) == (32, 8)
    assert held_out[0].name.startswith("shards/1.jsonl:5 (byte ")
    assert [one.name for one in held_out[2:4]] == [one.name for one in held_out][2:4]
    recipe = zoo.load_recipe("quickstart", [*EVERY[1:], f"data.source={json.dumps(node)}"])
    zoo.tokenize(recipe, "ids")
    stored = make(Source, {"kind": "tokens", "path": "ids"})
    tokenizer = zoo.recipe.build.tokenizer(recipe)
    ours, theirs = source.columns(tokenizer)[0], stored.columns(tokenizer)[0]
    assert list(ours.names) == list(theirs.names)
    for one, other in zip(ours.tokens, theirs.tokens):
        np.testing.assert_array_equal(one, other)


def test_a_file_that_vanished_before_a_run_went_on_is_named(here):
    Path("text.txt").rename("elsewhere.txt")
    said = refused(train, "run", "training.steps=6", resume=True)
    says(said, "no file matches 'text.txt'")
    Path("elsewhere.txt").rename("text.txt")
    goes_on()


def test_a_log_that_was_torn_by_a_kill_is_mended(here):
    file = Path("run/log.csv")
    file.write_text(file.read_text() + "5,1.2")
    goes_on()


def test_every_row_of_the_table_names_a_test_that_is_there():
    table = Path(__file__).with_name("README.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", table)
    assert len([line for line in table.splitlines() if line.startswith("| ")]) - 1 >= 25
    for name, test in named:
        assert f"def {test}(" in (Path(__file__).parents[1] / name).read_text(), (name, test)
