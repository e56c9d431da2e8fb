"""What walks share: a recipe at its toy sizes, trained, stopped, resumed and measured."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

import zoo
from zoo.recipe.check import describe

COMPILED = ("quickstart", "language/gpt_chars", "language/masked_word_pieces")
"""Recipes that are walked under XLA; compiling takes longest, and the slow tests do it for all."""
QUICK = (
    "data.source.path=text.txt",
    "training.jit_compile=false",
    "training.steps=4",
    "training.log_every=1",
    "training.validate_every=2",
)
"""For the quickstart: four steps over a text beside the run."""


class Walked(NamedTuple):
    """A recipe, the run it trained, and its report. The second half was resumed."""

    recipe: Any
    run: Path
    report: dict


def walk(name, run, overrides=()):
    by_xla = "true" if name in COMPILED else "false"
    quick = [f"training.jit_compile={by_xla}", *overrides]
    zoo.train(zoo.load_recipe(name, [*quick, "training.steps=20"], tiny=True), run)
    recipe = zoo.load_recipe(name, quick, tiny=True)
    return Walked(recipe, run, zoo.train(recipe, run, resume=True))


def is_checked_as_reported(walked):
    recipe, _, report = walked
    assert describe(recipe)["parameters"] == f"{report['parameters']:,}"


def evaluates_as_reported(walked):
    found = zoo.evaluate(walked.run, batches=4)
    assert found["loss"] == pytest.approx(walked.report["validation"]["best_loss"], rel=1e-4)
    return found
