"""Every recipe at its toy sizes: check, train until the loss falls, resume, export, same answer."""

import math

import numpy as np
import pytest
import tensorflow as tf
from small_files import NAMES as OWN_DATA
from test_task_walks import RECIPES as OTHER_TASKS
from walks import evaluates_as_reported, is_checked_as_reported, walk

import zoo
from zoo.recipe.build import tokenizer
from zoo.recipe.load import available
from zoo.training.report import read

EXPORTED = (
    *("quickstart", "language/gpt_byte_pairs", "language/sha_rnn_bytes"),
    *("language/reformer_chars", "synthetic/duplication"),
)
"""Learned tokens, a memory, and attention by hashes, which is exact where it is served. The slow
tests export all recipes that ask for it."""
PUBLISHED = [name for name in available() if name.startswith("published/")]
RECIPES = [n for n in sorted(available()) if n not in (*PUBLISHED, *OTHER_TASKS, *OWN_DATA)]


def test_no_recipe_is_left_out():
    """Those of other tasks are walked in test_task_walks, published in test_published_recipes, and
    in test_own_text those which read text of the user's."""
    walked = [*RECIPES, *OTHER_TASKS, *PUBLISHED, *OWN_DATA]
    assert sorted(walked) == sorted(available())
    assert RECIPES


RARELY = (
    *("language/million_tokens", "language/reformer_chars", "synthetic/duplication"),
    *("language/gpt_byte_pairs", "language/sha_rnn_bytes", "language/sha_rnn_chars"),
)
"""Walked among the slow tests; what sets them apart has quick tests of its own."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in RARELY)) for name in RECIPES],
)
def test_it_walks_from_its_check_to_its_export(name, tmp_path):
    """One test a recipe: it is trained once."""
    walked = walk(name, tmp_path / "run")
    is_checked_as_reported(walked)
    its_loss_falls_and_its_log_is_whole(walked)
    is_loaded_back_and_answers_in_the_inputs_of_keras_hub(walked)
    evaluates_as_reported(walked)
    if name in EXPORTED:
        its_export_scores_and_writes_like_the_run(walked, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*RECIPES, *OTHER_TASKS])
def test_it_trains_under_xla(name, tmp_path):
    given = ["training.jit_compile=true", "training.steps=10", "export=null"]
    report = zoo.train(zoo.load_recipe(name, given, tiny=True), tmp_path / "run")
    assert math.isfinite(report["training"]["loss"])


def its_loss_falls_and_its_log_is_whole(walked):
    recipe, run, report = walked
    rows = read(run / "log.csv")
    steps = recipe.tree["training"]["steps"]
    assert [int(row["step"]) for row in rows] == list(range(1, steps + 1))
    losses = [float(row["loss"]) for row in rows]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.05
    assert report["validation"]["loss"] < math.log(tokenizer(recipe).vocabulary_size)
    assert (run / "log.csv").read_text().startswith("step,loss,")
    assert (run / "curve.png").stat().st_size > 5000
    kept = [f.name for f in (run / "checkpoints").iterdir()]
    assert sorted(kept) == ["best", "step_00000020", "step_00000030"]


def is_loaded_back_and_answers_in_the_inputs_of_keras_hub(walked):
    recipe, run, _ = walked
    ids = np.arange(12).reshape(2, 6)
    task = zoo.load(run)
    logits = task({"token_ids": ids, "padding_mask": np.ones_like(ids, bool)})
    assert logits.shape == (2, 6, tokenizer(recipe).vocabulary_size)
    preset = type(task).from_preset(str(run / "checkpoints" / "best"))
    np.testing.assert_allclose(
        preset({"token_ids": ids, "padding_mask": np.ones_like(ids, bool)}), logits, atol=1e-6
    )


def its_export_scores_and_writes_like_the_run(walked, tmp_path):
    recipe, run, _ = walked
    served = tf.saved_model.load(str(zoo.export(run, tmp_path / "model"))).signatures
    text = "def f(x):"
    written = b"".join(zoo.generate(run, text, 8, seed=2, temperature=0.7))
    answer = served["generate"](
        text=tf.constant([text]),
        max_new_tokens=tf.constant([8]),
        temperature=tf.constant([0.7]),
        top_k=tf.constant([0]),
        top_p=tf.constant([1.0]),
        seed=tf.constant([2]),
    )
    assert answer["text"].numpy()[0] == written
    task, ours = zoo.load(run), tokenizer(recipe)
    ids = np.array([[ours.end_token_id, *ours.read(np.frombuffer(text.encode(), "uint8"))]])
    state = task.initial_state(1, ids.size)  # with one, LSH attention is exact, as served
    logits, _ = task.run({"token_ids": ids[:, :-1]}, state)
    scores = tf.nn.log_softmax(logits)[0].numpy()
    wanted = scores[np.arange(ids.size - 1), ids[0, 1:]].sum()
    found = served["score"](text=tf.constant([text]))["log_likelihood"][0]
    np.testing.assert_allclose(found, wanted, atol=1e-3)
