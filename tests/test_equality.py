"""`zoo check --equality`: every recipe's model is the same however its text is cut."""

import re

import pytest
from small_files import OWN_DATA
from typer.testing import CliRunner

import zoo
from zoo.backbones import transformer
from zoo.cli import app
from zoo.core.errors import ZooError
from zoo.recipe.equality import equality
from zoo.recipe.load import available

ELSEWHERE = ("published/", *OWN_DATA)
RECIPES = sorted(name for name in available() if not name.startswith(ELSEWHERE))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_equal(name):
    found = equality(zoo.load_recipe(name, tiny=True))
    whole = "reads every text whole" in found["equality"]
    assert whole is (len(found) == 1)
    assert all("apart at most" in said for key, said in found.items() if key != "equality")


def test_a_model_that_forgets_where_it_is_is_found(monkeypatch):
    monkeypatch.setattr(transformer, "length", lambda state: None)
    with pytest.raises(ZooError, match="gpt_chars: the model answers otherwise in parts"):
        equality(zoo.load_recipe("gpt_chars", tiny=True))


def test_what_is_forgotten_by_design_is_not_compared():
    """Under attention with sinks a text is the same in parts as far as all of it is remembered."""
    kind = "model.blocks.attention={kind: streaming, num_heads: 2, head_dim: 8, window: 5}"
    found = equality(zoo.load_recipe("gpt_chars", [kind], tiny=True))
    assert "over 9 tokens" in found["equality"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("equal")
    (folder / "text.txt").write_text("as it is read, so it is served. " * 50)
    told = [f"data.source.path={folder}/text.txt", "training.steps=2", "training.jit_compile=false"]
    zoo.train(zoo.load_recipe("quickstart", told, tiny=True), folder / "run")
    return folder / "run"


@pytest.mark.slow  # as a command of the README it is run every time
def test_the_command_says_it_of_a_run_in_parts_and_exported(run):
    done = CliRunner().invoke(app, ["check", str(run), "--equality"], catch_exceptions=False)
    assert "equal, token by token" in done.output
    assert re.search("equal, exported +in a fresh process: .*score.*generate", done.output)
    said = CliRunner().invoke(app, ["check", str(run), "--tiny"]).exception
    assert "is a run, which has its sizes" in str(said)
