"""The script that makes all results again asks for nothing that a recipe does not take."""

import importlib.util
import re
from pathlib import Path

import pytest

import zoo
from zoo.baselines import Baseline
from zoo.core.kinds import kinds
from zoo.recipe.load import available, folder

FILE = Path(__file__).parent.parent / "recipes" / "results.py"
PAGE = FILE.with_name("README.md").read_text()


def script():
    spec = importlib.util.spec_from_file_location("results", FILE)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


SCRIPT = script()


class Asked(SCRIPT.Results):
    """Runs nothing: reads every recipe with the overrides asked for, and keeps the names."""

    def __init__(self, data, runs):
        super().__init__(data)
        self.runs, self.trained, self.reported = runs, {}, []

    def train(self, name, recipe, *overrides):
        self.trained[name] = recipe, overrides
        self.read(recipe, overrides)

    def evaluate(self, name, *overrides):
        recipe, before = self.trained[name]
        self.read(recipe, [*before, *overrides])

    def baseline(self, name, recipe, *options):
        self.trained[name] = recipe, options
        overrides = [word for word in options if "=" in word]
        self.read(recipe, overrides)
        assert set(options) - set(overrides) <= {"--kind", *kinds(Baseline.shelf)}

    def report(self, section, names, against=()):
        assert {*names, *against} <= set(self.trained)
        self.reported.append(section)

    def zoo(self, command, *words):
        runs = [word for word in words if word.startswith("runs/")]
        made = {str(SCRIPT.RUNS / name) for name in self.trained}
        assert runs
        assert {run for run in runs if run != "runs/transformer_multi30k_mean"} <= made

    def read(self, recipe, overrides):
        kept = [
            word for word in overrides if not word.startswith(("model.checkpoint=", "tokenizer."))
        ]
        zoo.load_recipe(recipe, kept)


@pytest.mark.parametrize("name", SCRIPT.SECTIONS)
def test_a_section_asks_for_what_there_is_and_has_its_place_on_the_page(name, tmp_path):
    asked = Asked(tmp_path / "data", tmp_path / "runs")
    SCRIPT.SECTIONS[name](asked)
    assert asked.reported == [name]
    assert re.search(f"<!-- {name} -->\n.*<!-- end {name} -->", PAGE, re.DOTALL)


def test_every_recipe_over_text_of_the_users_is_in_it(tmp_path):
    asked = Asked(tmp_path / "data", tmp_path / "runs")
    for section in SCRIPT.SECTIONS.values():
        section(asked)
    trained = {recipe for recipe, _ in asked.trained.values()}
    wanted = ("translation/", "documents/", "reasoning/")
    names = {name.rpartition("/")[2] for name in available() if name.startswith(wanted)}
    assert folder().is_dir()
    assert names <= trained
