"""Yardsticks: the same documents, split and figures as the recipe they belong to, no model."""

import json
import subprocess
import sys

import numpy as np
import pytest
import yaml
from bad_input import refused, says
from typer.testing import CliRunner

import zoo
from zoo.baselines import Baseline
from zoo.cli import app
from zoo.core.kinds import make

GOOD, BAD = "a fine film, not long", "a long film, not fine"
"""The same words: runs of two tell them apart."""
LABELLED = {"kind": "labelled", "labels": ["neg", "pos"], "sequence_length": 8, "batch_size": 2}


def lines(number, label="pos"):
    found = [{"text": GOOD, "label": "pos"}, {"text": BAD, "label": "neg"}] * number
    return "".join(json.dumps(one) + "\n" for one in [*found, {"text": "a", "label": label}])


@pytest.fixture
def recipe(tmp_path):
    """The file of a recipe that tells classes apart, and the documents it names."""
    (tmp_path / "train.jsonl").write_text(lines(4))
    (tmp_path / "test.jsonl").write_text(lines(2, "neg"))
    source = {"kind": "json_lines", "answer": "label", "path": str(tmp_path / "train.jsonl")}
    page = {
        "extends": "quickstart",
        "data": {"source": {**source, "validation_path": str(tmp_path / "test.jsonl")}},
    }
    page["data"]["batching"] = LABELLED
    (tmp_path / "quickstart.yaml").write_text(
        zoo.load_recipe("quickstart", ["training.steps=1000", "~export"]).to_yaml()
    )
    (tmp_path / "films.yaml").write_text(yaml.safe_dump(page))
    return str(tmp_path / "films.yaml")


def measured(recipe, run, kind=None, *overrides):
    return zoo.baseline(zoo.load_recipe(recipe, [*overrides]), run, kind)


def test_words_and_pairs_of_them_tell_classes_apart(recipe, tmp_path):
    pairs = measured(recipe, tmp_path / "pairs")
    words = measured(recipe, tmp_path / "words", "{kind: bag_of_words, longest_run: 1}")
    assert pairs["validation"]["accuracy"] == 0.8  # all but the one that is only "a"
    assert words["validation"]["accuracy"] < 0.8
    assert pairs["validation"]["tokens"] == 5
    assert pairs["parameters"] == 1 + 9  # "a" is no word: 5 of them, 4 + 4 pairs, 2 in one text


def test_always_the_commonest_class(recipe, tmp_path):
    found = measured(recipe, tmp_path / "run", "majority")["validation"]
    wanted = -(2 * np.log(5 / 9) + 3 * np.log(4 / 9)) / 5
    assert found == {"loss": pytest.approx(wanted), "accuracy": 0.4, "tokens": 5}


def test_a_class_that_was_never_seen_is_wrong_and_costs_no_more_than_it_can():
    ours = make(Baseline, "majority")
    ours.fit(["x"], ["a"])
    found = ours.measure(["x", "y"], ["a", "b"])
    assert found["accuracy"] == 0.5
    assert found["loss"] == pytest.approx(-np.log(1e-15) / 2)


def test_what_it_writes_is_like_a_run_and_never_over_one(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["baseline", recipe])
    assert "films: bag_of_words, loss 0." in shown.stdout
    assert "accuracy 0.8000, over 5 documents.\nReport: runs/films_bag_of_words" in shown.stdout
    run = tmp_path / "runs" / "films_bag_of_words"
    said = json.loads((run / "report.json").read_text())
    assert said["recipe"] == "films"
    assert said["baseline"]["kind"] == "bag_of_words"
    assert said["validation"]["accuracy"] == 0.8
    assert {"seconds", "hardware", "parameters"} <= said.keys()
    assert said["versions"]["scikit-learn"]
    assert zoo.load_recipe(str(run / "recipe.yaml")).tree == zoo.load_recipe(recipe).tree
    says(refused(measured, recipe, run), "exists already, and is left as it is")


def test_a_report_shows_it_beside_a_model_and_apart_from_others(recipe, tmp_path):
    runs = [tmp_path / "words", tmp_path / "share"]
    measured(recipe, runs[0])
    measured(recipe, runs[1], "majority")
    told = CliRunner().invoke(app, ["report", *map(str, runs), "--against", str(runs[1])])
    first, second = (line for line in told.stdout.splitlines() if line.startswith("| `films`"))
    says(first, "baseline `bag_of_words`", "80.0 % right", "`share`: 40.0 % right")
    says(second, "baseline `majority`", "40.0 % right")


def test_a_report_tells_of_it_what_changed_in_its_data(tmp_path):
    changed = ["training.steps=3", "data.source.max_args=3"]
    recipe = zoo.load_recipe("list_ops_classes", changed, tiny=True)
    zoo.baseline(recipe, tmp_path / "run")
    told = CliRunner().invoke(app, ["report", str(tmp_path / "run")]).stdout
    assert "`data.batching.batch_size=8`" in told
    assert "training.steps" not in told


def test_documents_of_like_length_are_the_same_documents(recipe, tmp_path):
    buckets = f"data.batching={{kind: buckets, lengths: [4, 8], batching: {json.dumps(LABELLED)}}}"
    found = measured(recipe, tmp_path / "run", None, buckets)
    assert found["validation"] == measured(recipe, tmp_path / "other")["validation"]


@pytest.fixture
def summaries(tmp_path):
    """The overrides that make a recipe ask for summaries of the same documents."""
    lines = [{"text": "a b c d e", "label": "a b"}, {"text": "f g", "label": "f g h i"}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (tmp_path / "test.jsonl").write_text(json.dumps({"text": "a b c d", "label": "a b c"}))
    pairs = {"kind": "pairs", "encoder_sequence_length": 9, "sequence_length": 9, "batch_size": 2}
    asked = {
        "metrics": [{"kind": "exact_match"}],
        "search": {"kind": "beam_search", "max_new_tokens": 4},
    }
    return f"data.batching={json.dumps(pairs)}", f"evaluation={json.dumps(asked)}"


def test_the_first_words_are_a_summary(recipe, summaries, tmp_path):
    found = measured(recipe, tmp_path / "mean", None, *summaries)
    assert found["baseline"] == {"kind": "lead", "num_words": None, "skipped_paragraphs": 0}
    assert found["validation"] == {"exact_match": 100}  # of three words, the mean
    found = measured(recipe, tmp_path / "two", "{kind: lead, num_words: 2}", *summaries)
    assert found["validation"] == {"exact_match": 0}
    says(refused(measured, recipe, tmp_path / "run", None, summaries[0]), "names no metrics")


def test_a_question_before_a_text_is_no_part_of_its_lead():
    lead = make(Baseline, {"kind": "lead", "num_words": 2, "skipped_paragraphs": 1})
    lead.fit(["Why?\n\nHe was late."], ["late"])
    assert lead.answer(["Why?\n\nHe was late.\n\nVery.", "alone it stays"]) == [
        "He was",
        "alone it",
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("bag", "--kind: no 'bag' in baselines. There are: "),
        ("{kind: majority, n: 2}", "--kind: n: majority has no 'n'"),
        ("{kind: bag_of_words, longest_run: 0}", "longest_run: found 0, expected a number greater"),
        ("[", "--kind: not YAML: "),
    ],
)
def test_a_kind_that_cannot_be_is_named(kind, words, recipe, tmp_path):
    says(refused(measured, recipe, tmp_path / "run", kind), words)
    assert not (tmp_path / "run").exists()


def test_a_recipe_that_it_cannot_measure_is_named(recipe, tmp_path):
    said = refused(measured, "quickstart", tmp_path / "run")
    says(said, "quickstart.yaml:", "data.batching: there is no baseline for streams, but for ")
    said = refused(measured, recipe, tmp_path / "run", None, "data.batching.labels=[neg, post]")
    says(said, "data.batching.labels: ", "is of the class 'pos'. Did you mean 'post'?")
    said = refused(measured, recipe, tmp_path / "run", None, "~data.source.validation_path")
    says(said, "data.source: holds nothing out")
    said = refused(measured, recipe, tmp_path / "run", None, "~data.source.answer")
    says(said, "data.batching: found no answer in ", "train.jsonl:1, expected one")


def test_documents_from_which_nothing_is_learned_are_named(recipe, tmp_path):
    (tmp_path / "train.jsonl").write_text('{"text": "a film", "label": "pos"}\n' * 3)
    said = refused(measured, recipe, tmp_path / "run")
    says(said, "data.source: found documents of one class, 'pos', expected two or more")
    (tmp_path / "train.jsonl").write_text(lines(1))
    said = refused(measured, recipe, tmp_path / "run", "{kind: bag_of_words, min_documents: 9}")
    says(said, "no word stands in 9 of the 3 training documents")


def test_a_missing_library_is_one_clear_message(recipe, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    said = refused(measured, recipe, tmp_path / "run")
    says(said, "is not installed. Install it with: pip install 'attention-zoo[metrics]'")


def test_it_needs_no_tensorflow(recipe, tmp_path):
    arguments = ["baseline", recipe, "--run", str(tmp_path / "run")]
    code = (
        f"import sys; from zoo import cli; sys.argv[1:] = {arguments!r}\n"
        "try: cli.main()\n"
        "finally: assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Report: " in done.stdout, done.stderr
