"""Recipes over text of the user's, at toy sizes on small files: train, evaluate, report."""

import json
import math

import pytest
import small_files
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.training.report import read

QUICK = ["training.steps=6", "training.jit_compile=false", "training.validate_every=3"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return small_files.write(tmp_path_factory.mktemp("text"))


def test_there_are_such_recipes():
    assert len(small_files.NAMES) > 0


@pytest.mark.parametrize("name", small_files.NAMES)
def test_it_is_trained_measured_and_reported(name, files, tmp_path):
    run = tmp_path / "run"
    recipe = zoo.load_recipe(name, [*QUICK, *small_files.overrides(name, files)], tiny=True)
    zoo.train(recipe, run)
    losses = [float(row["loss"]) for row in read(run / "log.csv")]
    assert len(losses) == 6
    assert losses[-1] < losses[0]
    found = zoo.evaluate(run, batches=1)
    assert all(math.isfinite(figure) for figure in found.values())
    wanted = recipe.tree.get("evaluation", {}).get("metrics", [])
    assert len(found) > 2 + len(wanted)
    if wanted:
        answers = [json.loads(line) for line in (run / "answers.jsonl").read_text().splitlines()]
        assert all(one["expected"] for one in answers)
    told = CliRunner().invoke(cli.app, ["report", str(run)])
    assert told.exit_code == 0, told.output
    assert f"| `{name.rpartition('/')[2]}`" in told.output
