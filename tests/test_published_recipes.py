"""The recipes of published models: whole at full size, and four steps of each at toy sizes."""

import re

import numpy as np
import pytest
import small_files
from keras.callbacks import LambdaCallback

import zoo
from zoo.backbones import Backbone
from zoo.core.kinds import as_node, make
from zoo.core.symbolic import symbolically
from zoo.data import pipeline
from zoo.recipe import build
from zoo.recipe.check import describe
from zoo.recipe.load import available, folder
from zoo.recipe.reader import read
from zoo.tasks import Task
from zoo.tokenizers.bytes import Bytes
from zoo.training.loop import compiled

NAMES = sorted(name for name in available() if name.startswith("published/"))
every = pytest.mark.parametrize("name", NAMES)
STEPS = 4
QUICK = [
    f"training.steps={STEPS}",
    "training.jit_compile=false",  # compiling takes longer than the steps; other walks compile
]


def comment(name):
    lines = available()[name].read_text(encoding="utf-8").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return small_files.write(tmp_path_factory.mktemp("text"))


def test_there_are_recipes_and_none_is_left_out():
    files = (folder() / "published").rglob("*.yaml")
    assert NAMES
    assert len(NAMES) == len(list(files))


@every
def test_its_comment_names_paper_command_and_result(name):
    said, short = comment(name), name.partition("/")[2]
    assert re.search(r"arXiv:\d{4}\.\d{5}|et al\. \d{4} \([A-Z][\w -]{20,}", said)
    assert f"zoo train {short} data.source.path=" in said
    assert "Expected: " in said
    assert said.endswith("Not trained here.")


@every
def test_it_has_the_published_model_and_as_many_parameters_as_it_says(name):
    written, _ = read(available()[name])
    assert written["model"]["architecture"] == name.partition("/")[2]
    tree = zoo.load_recipe(name).tree
    tokens = as_node(tree["tokenizer"]).get("vocabulary_size", Bytes.vocabulary_size)
    backbone = dict(tree["model"])
    task = as_node(backbone.pop("task"))

    def count():
        inside = make(Backbone, backbone, vocabulary_size=tokens)
        return make(Task, task, backbone=inside, compile=False).count_params()

    millions = re.search(r"(\d+)M parameters", comment(name))
    assert millions
    assert round(symbolically(count) / 1e6) == int(millions[1])


@every
def test_it_is_described_and_learns_for_four_steps_at_toy_sizes(name, files):
    given = small_files.overrides(name, files)
    recipe = zoo.load_recipe(name, [*QUICK, *given], tiny=True)
    text, settings = build.text(recipe), build.training(recipe)
    learner = compiled(build.task(recipe), text.batching.batch_size, settings)
    assert describe(recipe)["parameters"] == f"{learner.task.count_params():,}"
    before = [np.array(value) for value in learner.trainable_variables]
    number, losses = STEPS * settings.gradient_accumulation_steps, []
    learner.fit(
        pipeline.training(text.batching, text.train, 0, number),
        steps_per_epoch=number,
        shuffle=False,
        verbose=0,
        callbacks=[LambdaCallback(on_train_batch_end=lambda _, logs: losses.append(logs["loss"]))],
    )
    assert len(losses) == number
    assert np.isfinite(losses).all()
    after = [np.array(value) for value in learner.trainable_variables]
    assert all(np.isfinite(value).all() for value in after)
    assert np.mean([(now != then).any() for now, then in zip(after, before)]) > 0.8
