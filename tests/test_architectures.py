"""Every published configuration has the published number of parameters. Nothing is allocated."""

import pytest

from zoo.backbones import Backbone
from zoo.core.kinds import PACKAGE, as_node, make
from zoo.core.symbolic import symbolically
from zoo.recipe.reader import read
from zoo.tasks import Task

FILES = sorted((PACKAGE / "architectures").glob("*.yaml"))


def test_there_are_architectures():
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_parameters_equal_the_published_figure(file):
    published, _ = read(file)
    task = as_node(published["model"].pop("task"))

    def count():
        size = published["vocabulary_size"]
        backbone = make(Backbone, published["model"], vocabulary_size=size)
        return make(Task, task, backbone=backbone, compile=False).count_params()

    assert symbolically(count) == published["parameters"]
