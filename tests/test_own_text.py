"""Recipes over text of the user's, at toy sizes on small files: train, evaluate, report."""

import json
import math
from pathlib import Path

import pytest
import small_files
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.core.kinds import as_node
from zoo.recipe.check import describe
from zoo.recipe.equality import equality
from zoo.training.report import read

QUICK = ["training.steps=6", "training.jit_compile=false", "training.validate_every=3"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return small_files.write(tmp_path_factory.mktemp("text"))


def test_there_are_such_recipes():
    assert len(small_files.NAMES) > 0


def trained(name, files):
    """A recipe and its run, below the working folder, behind the runs that it begins with."""
    run = Path("runs") / name.rpartition("/")[2]
    for other in small_files.needed(name):
        trained(other, files)
    recipe = zoo.load_recipe(name, [*QUICK, *small_files.overrides(name, files)], tiny=True)
    if not run.exists():
        zoo.train(recipe, run)
    return recipe, run


def learned(name):
    """What a recipe does and of what: its task, its model and its data."""
    tree = zoo.load_recipe(name).tree
    data = tree["data"]["source"], tree["data"]["batching"]
    return tuple(as_node(one)["kind"] for one in (tree["model"]["task"], tree["model"], *data))


OFTEN = {learned(name): name for name in reversed(small_files.NAMES)}.values()
"""One recipe of each kind of work; the others are trained among the slow tests."""
RARELY = [name for name in small_files.NAMES if name not in OFTEN]


@pytest.mark.parametrize("name", RARELY)
def test_what_is_rarely_trained_is_checked_every_time(name, files, monkeypatch):
    monkeypatch.chdir(Path(files["text_files"]["path"]).parent)
    for other in small_files.needed(name):
        trained(other, files)
    told = small_files.overrides(name, files)
    assert describe(zoo.load_recipe(name, [*QUICK, *told], tiny=True))["parameters"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in OFTEN else [pytest.mark.slow])
        for name in small_files.NAMES
    ],
)
def test_it_is_trained_measured_and_reported(name, files, monkeypatch):
    monkeypatch.chdir(Path(files["text_files"]["path"]).parent)
    recipe, run = trained(name, files)
    assert "equality" in equality(recipe)
    losses = [float(row["loss"]) for row in read(run / "log.csv")]
    assert len(losses) == 6
    assert sum(losses[-3:]) < sum(losses[:3])
    found = zoo.evaluate(run, batches=1)
    assert all(math.isfinite(figure) for figure in found.values())
    wanted = (recipe.tree.get("evaluation") or {}).get("metrics", [])
    assert len(found) > 2 + len(wanted)
    if wanted:
        answers = [json.loads(line) for line in (run / "answers.jsonl").read_text().splitlines()]
        assert all(one["expected"] for one in answers)
    told = CliRunner().invoke(cli.app, ["report", str(run)])
    assert told.exit_code == 0, told.output
    assert f"| `{name.rpartition('/')[2]}`" in told.output
