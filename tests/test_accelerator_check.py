"""What is told of an accelerator that is not here."""

from types import SimpleNamespace

import numpy as np
import pytest
from bad_input import refused, says

import zoo
from zoo.core.errors import RunError
from zoo.data.batching import Batch
from zoo.training import accelerator
from zoo.training.accelerator import Step, examine


def test_tiles_are_filled_up():
    assert accelerator._filled([(8, 128)], (8, 128)) == 1
    assert accelerator._filled([(8, 64)], (8, 128)) == 0.5
    assert accelerator._filled([(9, 64), (16, 128)], (8, 128)) == (576 + 2048) / 4096


def test_the_batch_that_fits_follows_from_two_that_were_compiled(monkeypatch):
    recipe = zoo.load_recipe("quickstart", tiny=True)
    size = recipe.tree["data"]["batching"]["batch_size"]
    asked = []

    def compiled(recipes):
        asked.extend(one.tree["data"]["batching"]["batch_size"] for one in recipes)
        of = lambda rows: Step(1e6 * rows, 4_000_000_000, 300_000_000 * rows, ["callback"])  # noqa: E731
        return [of(size), of(2 * size)]

    monkeypatch.setattr(accelerator, "_compiled", compiled)
    told = examine(recipe, "tpu")
    assert asked == [size, 2 * size]
    says(told["largest batch"], "32 rows fit into a TPU v5e of 16 GB")
    says(told["memory"], "4,000 MB held", "300.00 MB a row")
    assert told["done by the host"] == "callback"
    monkeypatch.setitem(accelerator.KINDS, "tpu", accelerator.KINDS["tpu"]._replace(num_bytes=4e9))
    says(examine(recipe, "tpu")["largest batch"], "not one row fits")


def test_padding_is_counted():
    masks = {"padding_mask": np.array([[1, 1, 0, 0]]), "encoder_padding_mask": np.ones((1, 4))}
    batching = SimpleNamespace(batch=lambda corpus, number: Batch(masks, masks, masks))
    text = SimpleNamespace(batching=batching, train=None)
    assert accelerator._padded(text) == 0.25


@pytest.mark.slow  # as a command of the README it is run every time
def test_a_step_is_compiled_for_accelerators():
    told = examine(zoo.load_recipe("quickstart", tiny=True), "gpu")
    says(told["compiled by XLA"], "static shapes")
    assert told["done by the host"] == "none"
    assert float(told["FLOPs"].split()[0]) > 1e5
    says(told["largest batch"], "rows fit into a GPU of 24 GB")


def test_what_cannot_be_compiled_says_why(monkeypatch):
    monkeypatch.setattr(accelerator, "__name__", "zoo.no_such_module")
    said = refused(examine, zoo.load_recipe("quickstart", tiny=True), "gpu", error=RunError)
    says(said, "quickstart: a step of it cannot be compiled for an accelerator: ", "no_such_module")
