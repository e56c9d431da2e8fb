"""Recipes of tasks that do not write on: check, train until the loss falls, resume, load again."""

import numpy as np
import pytest
from keras import ops

import zoo
from zoo.core.errors import ZooError
from zoo.core.kinds import as_node
from zoo.recipe import build
from zoo.recipe.check import describe
from zoo.recipe.load import available
from zoo.training.report import read


def task(name):
    return as_node(zoo.load_recipe(name).tree["model"]["task"])["kind"]


RECIPES = [n for n in available() if not n.startswith("published/") and task(n) != "causal_lm"]


def test_every_such_task_has_a_recipe():
    assert {task(name) for name in RECIPES} >= {"masked_lm", "seq2seq_lm", "text_classifier"}


@pytest.fixture(scope="module", params=RECIPES)
def walked(request, tmp_path_factory):
    """A recipe, the run it trained, and its report. The second half was resumed."""
    run = tmp_path_factory.mktemp("walk") / "run"
    half = zoo.load_recipe(request.param, ["training.steps=20"], tiny=True)
    zoo.train(half, run)
    recipe = zoo.load_recipe(request.param, tiny=True)
    return recipe, run, zoo.train(recipe, run, resume=True)


def test_it_can_be_checked(walked):
    recipe, _, report = walked
    assert describe(recipe)["parameters"] == f"{report['parameters']:,}"


def test_the_loss_falls_and_the_log_says_how_often_it_was_right(walked):
    _, run, _ = walked
    rows = read(run / "log.csv")
    assert [int(row["step"]) for row in rows] == list(range(1, 31))
    losses = [float(row["loss"]) for row in rows]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.02
    assert all(row["bits_per_byte"] == "" for row in rows)
    assert 0 <= float(rows[-1]["validation_accuracy"]) <= 1


def test_evaluation_agrees_with_the_report(walked):
    _, run, report = walked
    found = zoo.evaluate(run, batches=4)
    assert found["loss"] == pytest.approx(report["validation"]["best_loss"], rel=1e-4)
    assert "bits_per_byte" not in found


def test_it_is_loaded_back_and_answers(walked):
    recipe, run, _ = walked
    text = build.text(recipe)
    batch = text.batching.evaluation(text.validation, 0)
    model = zoo.load(run)
    answer = np.array(model(batch.inputs))
    assert np.isfinite(answer).all()
    assert answer.shape[:-1] == batch.targets.shape
    preset = zoo.load(run / "checkpoints" / "best")
    np.testing.assert_allclose(preset(batch.inputs), answer, atol=1e-6)


def test_a_text_is_read_and_answered(walked):
    recipe, run, _ = walked
    kind = as_node(recipe.tree["model"]["task"])["kind"]
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
