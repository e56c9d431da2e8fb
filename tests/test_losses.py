"""The cross-entropy: as Keras has it, and never holding the scores of all tokens."""

import keras
import numpy as np
import pytest
from examples import VOCABULARY, causal_lm, gpt
from gradients import gradients, near
from graphs import largest, reads_graphs
from keras import ops

import zoo
from zoo.training import loop
from zoo.training.learner import Learner


def learner(**options):
    keras.utils.set_random_seed(1)
    return Learner(causal_lm(gpt(), **options), 2)


def batch(draw):
    ids = draw.integers(0, VOCABULARY, (2, 10)).astype("int32")
    weights = draw.uniform(size=(2, 9)).astype("float32")
    weights[0, 4:] = 0
    return ids[:, :-1], ids[:, 1:], weights


def measured(ours, draw, jit=False):
    ids, targets, weights = batch(draw)

    def loss():
        hidden = ours({"token_ids": ids}, training=True)
        return ours.compute_loss(None, targets, hidden, weights)

    return gradients(loss, ours, jit=jit)


@pytest.mark.parametrize(
    "options",
    [
        {"output_bias": True},
        {"tie_embeddings": False, "label_smoothing": 0.1},
        {"label_smoothing": 0.2, "z_loss": 0.01, "output_bias": True},
    ],
)
@pytest.mark.parametrize(("size", "jit"), [(1, False), (4, False), (5, True), (100, False)])
def test_chunks_equal_the_whole(size, jit, options, draw):
    """Values and all gradients; 18 tokens are not a whole number of chunks."""
    plain, ours = learner(**options), learner(loss_chunk_size=size, **options)
    one = measured(plain, np.random.default_rng(0), jit)
    two = measured(ours, np.random.default_rng(0), jit)
    for found, wanted in zip(two, one):
        near(found, wanted)
    near(float(ours.nll.result()), float(plain.nll.result()))


@pytest.mark.parametrize("size", [None, 4])
def test_smoothing_is_that_of_keras_and_the_metric_has_none(size, draw):
    ours = learner(label_smoothing=0.3, z_loss=0.5, loss_chunk_size=size)
    ids, targets, weights = batch(draw)
    loss = ours.compute_loss(None, targets, ours({"token_ids": ids}), weights)
    logits = ops.convert_to_numpy(ours.task.run({"token_ids": ids})[0])
    labels = np.eye(VOCABULARY)[targets]
    smooth, plain = (
        np.array(
            keras.losses.categorical_crossentropy(
                labels, logits, from_logits=True, label_smoothing=epsilon
            )
        )
        for epsilon in (0.3, 0.0)
    )
    log_sum = np.log(np.exp(logits).sum(-1))
    near(float(loss), ((smooth + 0.5 * log_sum**2) * weights).sum() / weights.sum())
    near(float(ours.nll.result()), (plain * weights).sum() / weights.sum())


def test_a_batch_of_padding_alone_costs_nothing(draw):
    ours = learner(loss_chunk_size=4)
    ids, targets, weights = batch(draw)
    loss = ours.compute_loss(None, targets, ours({"token_ids": ids}), 0 * weights)
    assert float(loss) == 0


@reads_graphs
@pytest.mark.parametrize(("size", "fits"), [(4, True), (None, False)])
def test_no_tensor_of_training_holds_the_scores_of_all_tokens(size, fits, draw):
    import tensorflow as tf

    vocabulary, (b, t) = 1000, (2, 40)
    written = gpt(max_sequence_length=t)
    ours = Learner(causal_lm(written, vocabulary, loss_chunk_size=size), b)
    ids = draw.integers(0, vocabulary, (b, t)).astype("int32")

    @tf.function
    def step(ids):
        with tf.GradientTape() as tape:
            hidden = ours({"token_ids": ids}, training=True)
            loss = ours.compute_loss(None, ids, hidden, tf.ones((b, t)))
        return tape.gradient(loss, [v.value for v in ours.trainable_variables])

    graph = step.get_concrete_function(tf.constant(ids)).graph
    assert (largest(graph) < b * t * vocabulary // 2) == fits


def test_squares_of_matrices_are_added_to_what_is_minimised_and_to_nothing_else(draw):
    recipe = zoo.load_recipe("quickstart", ["training.l2=0.1"], tiny=True)
    ours = loop.compiled(zoo.build(recipe), 2, zoo.recipe.build.training(recipe))
    ids, targets, weights = batch(draw)
    inputs = {"token_ids": ids}
    hidden = ours(inputs)
    plain, more = (
        float(ours.compute_loss(inputs, targets, hidden, weights, training))
        for training in (False, True)
    )
    matrices = [
        w for w in ours.trainable_variables if len(w.shape) > 1 and w.name not in ("bias", "u", "v")
    ]
    squares = sum(float(ops.sum(ops.square(matrix))) for matrix in matrices)
    assert more - plain == pytest.approx(0.05 * squares, rel=1e-4)
