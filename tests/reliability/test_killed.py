"""Kill -9 at random moments: while a step is computed, or a checkpoint written."""

import os
import random
import signal
from pathlib import Path

import killed
import numpy as np
import pytest

from zoo.core import folders
from zoo.training import checkpoints
from zoo.training.report import read

EVERY = [
    "training.steps=8",
    "training.log_every=1",
    "training.validate_every=2",
    "training.validation_batches=1",
    "training.checkpoint_every=3",
    "training.jit_compile=false",
    "training.deterministic=true",
]
RECIPES = {
    "transformer_xl_chars": ["model.dropout=0.2"],
    "gpt_chars": ["training.ema_momentum=0.9", "training.gradient_accumulation_steps=2"],
    "masked_word_pieces": ["model.dropout=0.2"],
}
TIMES = [
    ("transformer_xl_chars", 4),
    *(pytest.param(name, 10, marks=pytest.mark.slow) for name in RECIPES),
]
"""How often each is killed: 4 times whenever tests are run, 10 times each among the slow tests."""
TIMED = ("tokens_per_second", "seconds")


def rows(run):
    return [{k: v for k, v in row.items() if k not in TIMED} for row in read(run / "log.csv")]


def arrays(run):
    """All that the last checkpoint holds."""
    with np.load(checkpoints.steps(run)[-1] / "state.npz") as file:
        return dict(file)


def best(run):
    """The best weights, and what is said of them but for the date."""
    facts = folders.verify(run / "checkpoints" / "best")
    return facts | {"sha256": {k: v for k, v in facts["sha256"].items() if k != "metadata.json"}}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    file = tmp_path_factory.mktemp("text") / "text.txt"
    file.write_bytes(Path(os.__file__).read_bytes())
    return [f"data.source.path={file}"]


@pytest.mark.parametrize(("recipe", "times"), TIMES)
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_never_was(
    recipe, times, text, tmp_path
):
    asked = [*EVERY, *text, *RECIPES[recipe]]
    whole, parts = tmp_path / "whole" / "run", tmp_path / "parts" / "run"
    code, moments, said = killed.train(recipe, asked, whole)
    assert (code, said) == (0, "")
    draw, begun = random.Random(recipe), False
    for _ in range(times):
        last = draw.randrange(1, len(moments) // times)
        code, _, said = killed.train(recipe, asked, parts, begun, last)
        assert (code, said) == (-signal.SIGKILL, ""), moments[last - 1]
        begun = (parts / "recipe.yaml").exists()
    assert killed.train(recipe, asked, parts, begun)[0::2] == (0, "")
    assert rows(parts) == rows(whole)
    for name, value in arrays(whole).items():
        np.testing.assert_array_equal(arrays(parts)[name], value, name)
    assert best(parts) == best(whole)
    assert not [file for file in parts.rglob("*") if file.suffix in (".tmp", ".old")]
