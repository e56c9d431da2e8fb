"""One recipe with several values: which runs there are, and that each is trained once."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from bad_input import refused, says
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.core.errors import RunError, ZooError
from zoo.results.sweep import trials

PEAKS = "training.schedule.peak=1e-4,3e-4"


def test_every_combination_is_a_run_with_a_name_of_its_own():
    found = trials([PEAKS, "model.blocks={kind: pre_norm, dropout: 0.1},[a, b]"], Path("runs"))
    assert [one.overrides for one in found] == [
        [f"training.schedule.peak={peak}", f"model.blocks={blocks}"]
        for peak in ("1e-4", "3e-4")
        for blocks in ("{kind: pre_norm, dropout: 0.1}", "[a, b]")
    ]
    assert found[0].run == Path("runs/peak=1e-4,blocks=_kind_pre_norm,_dropout_0.1")
    assert len({one.run for one in found}) == 4


@pytest.mark.parametrize(
    "swept", ["training.steps", "training.steps=", "=1,2", "training.steps=5", "training.steps=5,"]
)
def test_what_is_no_sweep_is_refused(swept):
    says(refused(trials, [swept], Path("runs")), "--sweep", repr(swept), "two values or more")


def test_a_value_or_a_key_that_comes_twice_is_refused():
    says(refused(trials, ["training.steps=5,5"], Path("runs")), "a value twice")
    says(refused(trials, [PEAKS, PEAKS], Path("runs")), "training.schedule.peak is there twice")


def run(*asked):
    return CliRunner().invoke(cli.app, ["train", "copy", "--tiny", *map(str, asked)])


@pytest.fixture
def started(monkeypatch):
    """The commands of processes, which are not started; those whose words hold `fails` fail."""
    commands = []

    def fake(command, check):
        commands.append(command)
        return SimpleNamespace(returncode=int(any("=fails" in word for word in command)))

    monkeypatch.setattr(subprocess, "run", fake)
    return commands


def test_two_runs_share_no_folder():
    says(refused(trials, ["a.b=x y,x?y"], Path("runs")), "share a folder", "b=x_y, b=x_y")


def test_a_run_of_another_recipe_is_not_taken_for_one_of_the_sweep(started, tmp_path):
    other = tmp_path / "seed=1"
    (other / "checkpoints" / "step_00000030").mkdir(parents=True)
    (other / "report.json").write_text(json.dumps({"step": 30, "steps": 30}))
    recipe = zoo.load_recipe("copy", ["training.seed=1", "model.num_layers=2"], tiny=True)
    (other / "recipe.yaml").write_text(yaml.safe_dump(recipe.tree))
    done = run("--sweep", "training.seed=1,2", "--run", tmp_path)
    says(str(done.exception), str(other), "begun with another recipe", "num_layers")
    assert not started


def test_what_is_whole_is_left_and_what_was_begun_goes_on(started, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.results.runs.opened", lambda run: run.name)
    monkeypatch.setattr("zoo.results.table.table", lambda runs, against: f"a table of {runs}")
    whole, begun, new = (tmp_path / f"seed={seed}" for seed in (1, 2, 3))
    for seed, folder, step in ((1, whole, 30), (2, begun, 10)):
        (folder / "checkpoints" / f"step_{step:08}").mkdir(parents=True)
        (folder / "report.json").write_text(json.dumps({"step": step, "steps": 30}))
        recipe = zoo.load_recipe("copy", [f"training.seed={seed}"], tiny=True)
        (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe.tree))
    done = run("--sweep", "training.seed=1,2,3", "--run", tmp_path)
    assert done.exit_code == 0, done.output
    assert [command[command.index("--run") + 1] for command in started] == [str(begun), str(new)]
    assert ["--resume" in command for command in started] == [True, False]
    assert all("--tiny" in command for command in started)
    assert "a table of ['seed=1', 'seed=2', 'seed=3']" in done.output


def test_what_is_wrong_is_said_before_anything_is_trained(started, tmp_path):
    done = run("--sweep", "training.seed=1,none", "--run", tmp_path)
    says(str(done.exception), "training.seed", "found 'none'")
    assert isinstance(done.exception, ZooError)
    assert isinstance(run("--sweep", "training.seed=1,2", "--resume").exception, ZooError)
    assert not started


def test_a_run_that_fails_stops_no_other_and_is_named(started, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.results.runs.opened", lambda run: run.name)
    monkeypatch.setattr("zoo.results.table.table", lambda runs, against: "")
    monkeypatch.setattr("zoo.results.sweep._name", lambda row: row[0].replace("seed=1", "=fails"))
    done = run("--sweep", "training.seed=1,2", "--run", tmp_path)
    assert isinstance(done.exception, RunError)
    assert len(started) == 2
    says(str(done.exception), "1 of 2 runs came to no end", "=fails")


@pytest.mark.slow
def test_a_sweep_is_trained_and_told(tmp_path):
    done = subprocess.run(
        ["zoo", "train", "copy", "--tiny", "--sweep", "training.seed=1,2", "--run", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "(2 seeds)" in done.stdout
