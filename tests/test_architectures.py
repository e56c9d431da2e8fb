"""Every published configuration has the published number of parameters. Nothing is allocated."""

import math
import re

import pytest

from zoo.backbones import Backbone
from zoo.core.check import check
from zoo.core.kinds import PACKAGE, as_node, make, taken
from zoo.core.schema import Node
from zoo.core.symbolic import symbolically
from zoo.recipe.reader import read
from zoo.tasks import Task

FILES = sorted((PACKAGE / "architectures").glob("*.yaml"))
UNITS = {"M": 10**6, "B": 10**9}
CLOSE = 0.015
"""How far a published figure may be from the count where it is rounded."""
KEYS = {"paper", "parameters", "model"}
OPTIONAL = {"published", "differs", "vocabulary_size"}
every = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def rounds_to(count, published):
    """Whether `published`, such as 1.3B, is the count rounded, or nearly."""
    number, decimals, unit = re.fullmatch(r"(\d+(?:\.(\d+))?)([MB])", published).groups()
    figure = float(number) * UNITS[unit]
    half = UNITS[unit] / 10 ** len(decimals or "") / 2
    return abs(count - figure) <= max(half, CLOSE * figure)


def test_there_are_architectures():
    assert FILES


@pytest.mark.parametrize(
    ("count", "published", "same"),
    [
        (109_514_298, "110M", True),
        (2_651_553_280, "2.7B", True),
        (2_649_000_000, "2.7B", False),
        (355_871_744, "350M", False),
        (98_600_000, "100M", True),
        (98_400_000, "100M", False),
        (1_438_703_616, "1.5B", False),
    ],
)
def test_a_figure_is_the_count_rounded_or_nearly(count, published, same):
    assert rounds_to(count, published) is same


@every
def test_parameters_equal_the_published_figure(file):
    """Exactly ours, and theirs as far as theirs is exact; or the file says why they differ."""
    published, _ = read(file)
    task, written = as_node(published["model"].pop("task")), published["model"]
    assert check(Node(Backbone.shelf), written) + check(Node(Task.shelf), task) == []

    def count():
        known = {"vocabulary_size": published.get("vocabulary_size")}
        backbone = make(Backbone, written, **taken(Backbone, written, known))
        weights = make(Task, task, backbone=backbone, compile=False).trainable_weights
        return sum(math.prod(weight.shape) for weight in weights)

    found = symbolically(count)
    assert found == published["parameters"]
    if figure := published.get("published"):
        assert rounds_to(found, figure) is ("differs" not in published)


@every
def test_its_head_says_what_it_is_and_where_it_is_from(file):
    comment = file.read_text(encoding="utf-8").partition("paper: ")[0]
    lines = comment.splitlines()
    assert all(line.startswith("# ") and len(line) <= 100 for line in lines)
    assert lines[0].endswith(".")
    ours = "no published size" in lines[0]
    assert ours is ("Published:" not in comment) is ("# Source: " not in comment)
    figure = read(file)[0].get("published")
    assert ours or f"Published: {figure}" in comment or "no count" in comment
    assert set(read(file)[0]) - OPTIONAL == KEYS
