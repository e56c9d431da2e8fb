"""Yardsticks of pictures: how likely they are by their places alone, or by a smaller one."""

import json
import math

import numpy as np
import pytest
import small_files
from bad_input import refused, says
from typer.testing import CliRunner

import zoo
from zoo.baselines import Baseline
from zoo.baselines._pictured import Written
from zoo.cli import app
from zoo.core.kinds import make


def test_values_are_as_common_as_they_were_and_a_little_as_anywhere():
    """Two pictures of two places, one channel: 10 and 20 there, 10 and 30 here."""
    images = np.array([[[[10], [20]]], [[[10], [30]]]], "uint8")
    ours = make(Baseline, {"kind": "marginal", "prior": 2.0})
    ours.learn(Written(images))
    anywhere = {10: 3 / 260, 20: 2 / 260, 30: 2 / 260, 40: 1 / 260}
    told = np.exp(ours.log_probabilities(Written(images[:1])))[0, 0, :, 0]
    assert told[0, 10] == pytest.approx((2 + 2 * anywhere[10]) / 4)
    assert told[1, 10] == pytest.approx(2 * anywhere[10] / 4)
    assert told[1, 40] == pytest.approx(2 * anywhere[40] / 4)
    np.testing.assert_allclose(told.sum(axis=-1), 1)
    found = ours.measure(Written(np.array([[[[10], [40]]]], "uint8")))
    wanted = -math.log(told[0, 10]) - math.log(told[1, 40])
    assert found["loss"] == pytest.approx(wanted / 2)
    assert found["bits_per_dim"] == pytest.approx(wanted / 2 / math.log(2))
    assert (found["accuracy"], found["tokens"]) == (0.5, 2)


def test_noise_around_a_larger_picture_is_as_wide_as_it_was():
    """Flat pictures stay flat when they are made larger: what is left is known."""
    draw = np.random.default_rng(0)
    sources = np.repeat(draw.integers(60, 190, (40, 1, 1, 3)), 4, axis=1).repeat(4, axis=2)
    noise = draw.normal(0, [2, 5, 10], (40, 8, 8, 3))
    images = np.round(sources[:, :1, :1] + noise).astype("uint8")
    ours = make(Baseline, "bicubic")
    ours.learn(Written(images, sources.astype("uint8")))
    np.testing.assert_allclose(ours.deviations, [2, 5, 10], rtol=0.1)
    told = np.exp(ours.log_probabilities(Written(images[:1], sources[:1].astype("uint8"))))
    np.testing.assert_allclose(told.sum(axis=-1), 1)
    np.testing.assert_array_equal(
        told[0, :, :].argmax(-1), np.broadcast_to(sources[0, 0, 0], (8, 8, 3))
    )
    found = ours.measure(Written(images, sources.astype("uint8")))
    entropy = np.mean([math.log2(x * math.sqrt(2 * math.pi * math.e)) for x in (2, 5, 10)])
    assert found["bits_per_dim"] == pytest.approx(entropy, abs=0.05)


@pytest.mark.parametrize(
    ("recipe", "kind", "parameters"),
    [("image_transformer_2d", "marginal", 48 * 256), ("super_resolution", "bicubic", 3)],
)
def test_a_recipe_has_its_yardstick(recipe, kind, parameters, tmp_path):
    file = tmp_path / "f.npz"
    small_files.write_pictures(file)
    told = ["baseline", recipe, f"data.source.path={file}", "--tiny", "--run"]
    done = CliRunner().invoke(app, [*told, str(tmp_path / "run")])
    assert f"{recipe}: {kind}, loss " in done.output
    assert "over 16 documents" in done.output
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["parameters"] == parameters
    assert report["documents"] == 48
    assert report["validation"]["tokens"] == 16 * 48
    assert 5 < report["validation"]["bits_per_dim"] < 8
    shown = CliRunner().invoke(app, ["report", str(tmp_path / "run")]).output
    assert "bits per dimension" in shown


def test_one_that_does_not_fit_is_named(tmp_path):
    file = tmp_path / "f.npz"
    small_files.write_pictures(file)
    recipe = zoo.load_recipe("sparse_images", [f"data.source.path={file}"], tiny=True)
    said = refused(zoo.baseline, recipe, tmp_path / "run", "bicubic")
    says(said, "--kind: bicubic does not fit pixels. There are: marginal")
    nothing = [f"data.source.path={file}", "data.source.validation_fraction=null"]
    recipe = zoo.load_recipe("sparse_images", [*nothing, "~training.validate_every"], tiny=True)
    says(refused(zoo.baseline, recipe, tmp_path / "run"), "holds nothing out to be measured on")
