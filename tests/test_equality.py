"""`zoo check --equality`: every recipe's model is the same however its text is cut."""

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


def test_the_command_says_it():
    done = CliRunner().invoke(app, ["check", "quickstart", "--tiny", "--equality"])
    assert "equal, token by token" in done.output
