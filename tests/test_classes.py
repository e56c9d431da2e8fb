"""Which classes are taken for which."""

from types import SimpleNamespace

import numpy as np
import pytest
from bad_input import refused, says
from PIL import Image
from sklearn.metrics import classification_report
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.recipe import build
from zoo.results import classes
from zoo.results.classes import Confusion, confusion, draw

COUNTS = np.array([[5, 1, 0], [2, 3, 0], [0, 4, 0]])


def test_shares_are_those_of_another_library():
    is_, told = (
        np.repeat(axis, COUNTS.ravel()) for axis in np.indices(COUNTS.shape).reshape(2, -1)
    )
    names = ["a", "b", "c"]
    wanted = classification_report(is_, told, target_names=names, output_dict=True, zero_division=0)
    for name, number, *shares in Confusion(names, COUNTS).rows():
        known = [wanted[name][key] for key in ("precision", "recall", "f1-score")]
        assert number == wanted[name]["support"]
        np.testing.assert_allclose(shares, known, atol=1e-12)


def test_what_a_run_tells_is_counted_and_drawn(picture_run, tmp_path):
    found = confusion(picture_run)
    measured = zoo.evaluate(picture_run)
    assert found.counts.sum() == measured["tokens"]
    assert np.diag(found.counts).sum() / found.counts.sum() == pytest.approx(measured["accuracy"])
    done = CliRunner().invoke(
        cli.app, ["evaluate", str(picture_run), "--classes", str(tmp_path / "c.png")]
    )
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[-4].split() == ["class", "targets", "precision", "recall", "F1"]
    assert [line.split()[0] for line in lines[-3:-1]] == ["a", "b"]
    assert int(lines[-3].split()[1]) + int(lines[-2].split()[1]) == measured["tokens"]
    assert np.array(Image.open(tmp_path / "c.png").convert("L")).std() > 10


def test_the_classes_of_rounded_weights_are_those_that_are_measured(picture_run, monkeypatch):
    asked = []
    monkeypatch.setattr(classes, "quantized", lambda task, mode: asked.append(mode) or task)
    command = ["evaluate", str(picture_run), "--quantize", "int8", "--classes"]
    done = CliRunner().invoke(cli.app, [*command, str(picture_run.parent / "rounded.png")])
    assert done.exit_code == 0, done.output
    assert asked == ["int8"]


def test_many_classes_are_drawn_without_numbers(tmp_path):
    draw(Confusion([f"class {n}" for n in range(40)], np.eye(40, dtype=int)), tmp_path / "many.png")
    assert (tmp_path / "many.png").stat().st_size > 1000


def test_a_model_of_tokens_tells_no_classes(picture_run, monkeypatch):
    tokens = SimpleNamespace(validation=[1], batching=SimpleNamespace(labels=None))
    monkeypatch.setattr(build, "text", lambda _: tokens)
    says(refused(confusion, picture_run), "its targets are tokens")
    tokens.validation = None
    says(refused(confusion, picture_run), "holds out no validation text")
