"""Recipes of tasks that do not write on: check, train until the loss falls, resume, load again."""

import numpy as np
import pytest
from keras import ops
from small_files import OWN_DATA
from walks import evaluates_as_reported, is_checked_as_reported, walk

import zoo
from zoo.core.errors import ZooError
from zoo.core.kinds import as_node
from zoo.recipe import build
from zoo.recipe.load import available
from zoo.training.report import read


def task(name):
    return as_node(zoo.load_recipe(name).tree["model"]["task"])["kind"]


ELSEWHERE = ("published/", *OWN_DATA)
RECIPES = [n for n in available() if not n.startswith(ELSEWHERE) and task(n) != "causal_lm"]

OFTEN = {task(name): name for name in reversed(RECIPES)}.values()
"""The first of each task; the others are walked among the slow tests."""


def test_every_such_task_has_a_recipe():
    assert {task(name) for name in RECIPES} >= {"masked_lm", "seq2seq_lm", "text_classifier"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name not in OFTEN)) for name in RECIPES],
)
def test_it_walks_from_its_check_to_its_answers(name, tmp_path):
    """One test a recipe: it is trained once."""
    walked = walk(name, tmp_path / "run")
    is_checked_as_reported(walked)
    its_loss_falls_and_its_log_says_how_often_it_was_right(walked)
    assert "bits_per_byte" not in evaluates_as_reported(walked)
    is_loaded_back_and_answers(walked)
    answers_what_it_reads(walked)


def its_loss_falls_and_its_log_says_how_often_it_was_right(walked):
    _, run, _ = walked
    rows = read(run / "log.csv")
    assert [int(row["step"]) for row in rows] == list(range(1, 31))
    losses = [float(row["loss"]) for row in rows]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.02
    assert all(row["bits_per_byte"] == "" for row in rows)
    assert 0 <= float(rows[-1]["validation_accuracy"]) <= 1


def is_loaded_back_and_answers(walked):
    recipe, run, _ = walked
    text = build.text(recipe)
    batch = text.batching.evaluation(text.validation, 0)
    model = zoo.load(run)
    answer = np.array(model(batch.inputs))
    assert np.isfinite(answer).all()
    assert answer.shape[:-1] == batch.targets.shape
    preset = zoo.load(run / "checkpoints" / "best")
    np.testing.assert_allclose(preset(batch.inputs), answer, atol=1e-6)


def answers_what_it_reads(walked):
    recipe, run, _ = walked
    kind = as_node(recipe.tree["model"]["task"])["kind"]
    if kind in ("mask_predict_lm", "seq2seq_lm"):
        with pytest.raises(ZooError, match="prompt: 99 tokens, but this model was"):
            zoo.generate(run, "a" * 99)
    if kind == "mask_predict_lm":
        assert len(b"".join(zoo.generate(run, "ab", num_beams=2))) <= 8
        with pytest.raises(ZooError, match="num_lengths: found 999, expected at most"):
            zoo.generate(run, "ab", num_beams=999)
        return
    if kind != "seq2seq_lm":
        with pytest.raises(ZooError, match="writes no text; expected a model that does"):
            zoo.generate(run, "ab")
        return
    found = b"".join(zoo.generate(run, "ab", 6, temperature=0))
    model, tokenizer = zoo.load(run), build.tokenizer(recipe)
    end, written = tokenizer.end_token_id, [tokenizer.end_token_id]
    source = np.array([[*b"ab", end]])
    while len(written) < 7 and (len(written) == 1 or written[-1] != end):
        logits = model({"encoder_token_ids": source, "token_ids": np.array([written])})
        written.append(int(np.argmax(logits[0, -1])))
    assert bytes(token for token in written if token != end) == found
    likeliest = b"".join(zoo.generate(run, "ab", 6, num_beams=37, length_penalty=0.0))
    assert likelihood(model, source, likeliest, end) >= likelihood(model, source, found, end)


def likelihood(model, source, text, end):
    """Of a text and its end, or of one that was cut, in nats."""
    ids = np.array([[end, *text, end]][:7])
    logits = model({"encoder_token_ids": source, "token_ids": ids[:, :-1]})
    nats = ops.log_softmax(logits)
    return float(np.take_along_axis(np.array(nats), ids[:, 1:, None], -1)[:, :6].sum())
