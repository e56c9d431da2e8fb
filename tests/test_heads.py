"""Tasks with a head: what they answer, what they learn, and that padding is not seen."""

import numpy as np
import pytest
from examples import VOCABULARY, attention, transformer
from gradients import gradients
from keras import ops

from zoo.backbones import Backbone
from zoo.core.kinds import find, make
from zoo.tasks import Task
from zoo.training.learner import Learner

CLASSES = 5
TASKS = {
    "masked_lm": ({"kind": "masked_lm"}, (2, 9, VOCABULARY)),
    "first": ({"kind": "text_classifier", "num_classes": CLASSES}, (2, CLASSES)),
    "last": (
        {"kind": "text_classifier", "num_classes": CLASSES, "pooling": "last"},
        (2, CLASSES),
    ),
    "mean": (
        {"kind": "text_classifier", "num_classes": CLASSES, "pooling": "mean"},
        (2, CLASSES),
    ),
    "token_classifier": ({"kind": "token_classifier", "num_classes": CLASSES}, (2, 9, CLASSES)),
    "span_qa": ({"kind": "span_qa"}, (2, 2, 9)),
}
TOKENS = np.arange(9)[None] < np.array([[9], [5]])


def build(task, **options):
    backbone = transformer(
        "post_norm",
        attention=attention(pattern="full"),
        position={"kind": "learned", "max_sequence_length": 16},
        embedding_norm="before_dropout",
        num_segments=2,
    )
    made = make(Backbone, backbone, vocabulary_size=VOCABULARY)
    return make(Task, {**TASKS[task][0], "initializer_range": 0.3, **options}, backbone=made)


@pytest.fixture
def ids(draw):
    return draw.integers(0, VOCABULARY, (2, 9))


@pytest.mark.parametrize("task", TASKS)
def test_it_answers_for_tokens_and_sees_no_padding(task, ids):
    model = build(task)
    before = np.array(model({"token_ids": ids, "padding_mask": TOKENS}))
    assert before.shape == TASKS[task][1]
    poked = np.where(TOKENS, ids, 3)
    after = np.array(model({"token_ids": poked, "padding_mask": TOKENS}))
    if before.shape[1] == 9:
        before, after = before[TOKENS], after[TOKENS]
    np.testing.assert_array_equal(after, before)
    moved = np.array(model({"token_ids": ids + (np.arange(9) == 4), "padding_mask": TOKENS}))
    assert np.abs(moved - model({"token_ids": ids, "padding_mask": TOKENS})).max() > 1e-5


@pytest.mark.parametrize("task", [task for task in TASKS if task != "masked_lm"])
def test_its_head_drops_where_it_is_trained(task, ids):
    """And only there: the backbone drops nothing here."""
    learner = Learner(build(task, dropout=0.5), 2)
    inputs = {"token_ids": ids, "padding_mask": TOKENS}
    targets = np.zeros(TASKS[task][1][:-1], "int32")
    weights = np.ones(targets.shape, "float32")

    def loss(training):
        answer = learner(inputs, training=training)
        return float(learner.compute_loss(inputs, targets, answer, weights, training))

    assert loss(False) == loss(False)
    assert loss(True) != loss(True)


@pytest.mark.parametrize("task", TASKS)
def test_its_measure_is_the_mean_over_what_counts(task, ids, draw):
    model, (_, shape) = build(task), TASKS[task]
    inputs = {"token_ids": ids, "padding_mask": TOKENS}
    inputs = {name: ops.convert_to_tensor(x) for name, x in inputs.items()}
    targets = draw.integers(0, 5, shape[:-1])
    weights = draw.integers(0, 2, shape[:-1]).astype("float32")
    weights.flat[0] = 1.0
    found = model.measure(model.encode(inputs)[0], targets, weights)
    logits = np.array(model(inputs)).astype("float64")
    chosen = np.take_along_axis(logits, targets[..., None], -1)[..., 0]
    nats = np.log(np.exp(logits).sum(-1)) - chosen
    np.testing.assert_allclose(found.nats, (nats * weights).sum() / weights.sum(), rtol=1e-5)
    hits = (logits.argmax(-1) == targets) * weights
    np.testing.assert_allclose(found.accuracy, hits.sum() / weights.sum(), rtol=1e-6)


@pytest.mark.parametrize("task", ["masked_lm", "first", "token_classifier", "span_qa"])
def test_every_weight_learns(task, ids, draw):
    model, (_, shape) = build(task), TASKS[task]
    targets = draw.integers(0, 5, shape[:-1])
    told = {"token_ids": ids, "segment_ids": ids % 2}

    def loss():
        hidden, _ = model.encode({k: ops.convert_to_tensor(x) for k, x in told.items()})
        return model.measure(hidden, targets, np.ones(targets.shape, "float32")).loss

    _, *found = gradients(loss, model, jit=True)
    assert len(found) == len(model.trainable_weights)
    names = [weight.path for weight in model.trainable_weights]
    # What is the same in all places a softmax runs over makes no difference to it.
    shifts = ("key/bias",)
    if task == "span_qa":
        shifts = (*shifts, "logits/bias", "block_1/feed_forward_norm/beta")
    flat = [n for n, x in zip(names, found) if np.abs(x).max() < 1e-7 and not n.endswith(shifts)]
    assert flat == []


@pytest.mark.parametrize("task", TASKS)
def test_it_survives_its_config(task, ids):
    model = build(task)
    twin = find("tasks", TASKS[task][0]["kind"]).from_config(model.get_config())
    assert twin.get_config() == model.get_config()
    twin.set_weights(model.get_weights())
    inputs = {"token_ids": ids, "padding_mask": TOKENS}
    np.testing.assert_array_equal(twin(inputs), model(inputs))


def test_only_hidden_places_are_scored_where_they_are_told(ids):
    model, places = build("masked_lm"), np.array([[1, 4], [0, 3]])
    whole = np.array(model({"token_ids": ids}))
    found = model({"token_ids": ids, "mask_positions": places})
    np.testing.assert_allclose(found, whole[np.arange(2)[:, None], places], atol=1e-5)


def test_segments_are_told_apart(ids):
    model = build("first")
    one, two = (model({"token_ids": ids, "segment_ids": np.full((2, 9), n)}) for n in (0, 1))
    np.testing.assert_array_equal(one, model({"token_ids": ids}))
    assert np.abs(np.array(one) - two).max() > 1e-4


@pytest.mark.parametrize("activation", ["gelu_approximate", "squared_relu"])
def test_fit_takes_activations_that_only_the_zoo_knows(activation, ids):
    """KerasHub looks for the one before the scores when it compiles, and knows fewer."""
    model = build("first", activation=activation)
    found = model.fit({"token_ids": ids}, np.array([0, 1]), verbose=0)
    assert {"loss", "sparse_categorical_accuracy"} <= found.history.keys()
