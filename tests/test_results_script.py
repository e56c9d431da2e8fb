"""The script that makes all results again asks for nothing that a recipe does not take."""

import importlib.util
import re
from pathlib import Path

import pytest
import small_files

import zoo
from zoo.baselines import Baseline
from zoo.core.kinds import make
from zoo.data.sources import Source
from zoo.recipe.reader import parse

FILE = Path(__file__).parent.parent / "recipes" / "results.py"
PAGE = FILE.with_name("README.md").read_text()


def script():
    spec = importlib.util.spec_from_file_location("results", FILE)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


SCRIPT = script()


class Asked(SCRIPT.Results):
    """Runs no command: reads every recipe with the overrides asked for, and keeps the names."""

    def __init__(self):
        super().__init__(Path("data"))
        self.trained, self.reported = {}, []

    def zoo(self, command, *words):
        getattr(self, f"asked_to_{command}")(*words)

    def asked_to_train(self, recipe, *words):
        *overrides, option, run = words
        assert option == "--run"
        self.read(recipe, overrides)
        self.trained[run] = recipe, overrides

    def asked_to_evaluate(self, run, *overrides):
        recipe, before = self.trained[run]
        self.read(recipe, [*before, *overrides])

    def asked_to_baseline(self, recipe, *words):
        *words, option, run = words
        assert option == "--run"
        overrides = [word for word in words if "=" in word]
        self.read(recipe, overrides)
        if words[len(overrides) :]:
            option, kind = words[len(overrides) :]
            assert option == "--kind"
            make(Baseline, parse(kind)[0])
        self.trained[run] = recipe, overrides

    def asked_to_report(self, *words):
        assert {word for word in words if word.startswith("runs/")} <= set(self.trained)
        self.reported.append(words[words.index("--section") + 1])

    def asked_to_recl(self, *words):
        assert {word for word in words if word.startswith("runs/")} <= set(self.trained)

    def asked_to_average(self, run, *words):
        assert run in self.trained

    def read(self, recipe, overrides):
        elsewhere = ("model.checkpoint=", "tokenizer.path=")
        found = [word for word in overrides if not word.startswith(elsewhere)]
        make(Source, zoo.load_recipe(recipe, found).tree["data"]["source"])


@pytest.fixture
def asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SCRIPT, "RECORDS", tmp_path / "records")
    return Asked()


@pytest.mark.parametrize("name", SCRIPT.SECTIONS)
def test_a_section_asks_for_what_there_is_and_has_its_place_on_the_page(name, asked):
    SCRIPT.SECTIONS[name](asked)
    assert set(asked.reported) == {name}
    assert re.search(f"<!-- {name} -->\n.*<!-- end {name} -->", PAGE, re.DOTALL)


def test_every_recipe_over_text_of_the_users_is_in_it(asked):
    for section in SCRIPT.SECTIONS.values():
        section(asked)
    trained = {recipe for recipe, _ in asked.trained.values()}
    assert small_files.NAMES
    assert {name.rpartition("/")[2] for name in small_files.NAMES} <= trained


def test_a_record_of_a_run_stands_for_it_and_is_not_put_over_it(asked, tmp_path):
    record, run = tmp_path / "records" / "small", tmp_path / "runs" / "small"
    record.mkdir(parents=True)
    (record / "report.json").write_text('{"step": 2, "steps": 2}')
    again = Asked()
    again.train("small", "quickstart")
    assert not again.trained
    (run / "report.json").write_text('{"step": 3, "steps": 3}')
    Asked().train("small", "quickstart")
    assert (record / "report.json").read_text() == (run / "report.json").read_text()


def test_records_name_no_place_of_a_machine():
    for file in FILE.parent.glob("records/*/*"):
        assert not re.search(r"(^|[\s\"'=\[])/(?!/)\w", file.read_text()), file
