"""How well a model predicts a held-out text."""

import contextlib
from collections.abc import Iterator

from keras import ops

from zoo.data import pipeline
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.training.distribution import Distribution
from zoo.training.learner import Learner


def evaluate(
    learner: Learner,
    batching: Batching,
    corpus: Corpus,
    batches: int | None = None,
    across: Distribution | None = None,
) -> dict[str, float]:
    """`loss` in nats a target, `bits_per_byte` where every token is one, `bits_per_dim` of
    pictures, `accuracy`, the share of targets held the likeliest, what the task gauges besides, and
    how many `tokens` they are means of; found `across` devices, or on one."""
    total = batching.evaluation_batches(corpus)
    number = total if batches is None else min(batches, total)
    data = pipeline.evaluation(batching, corpus, 0, number)
    found = (across or Distribution()).evaluate(learner, data, number)
    loss, tokens = found["nll"], float(learner.nll.count.numpy())
    bits = batching.bits(loss, corpus)
    gauges = {gauge.name: found[gauge.name] for gauge in learner.gauges}
    return {"loss": loss, **bits, "accuracy": found["accuracy"], **gauges, "tokens": tokens}


@contextlib.contextmanager
def averaged_weights(learner: Learner) -> Iterator[None]:
    """Inside, the weights are their moving averages, where the optimizer keeps them."""
    if not learner.optimizer.use_ema:
        yield
        return
    kept = [ops.copy(variable) for variable in learner.trainable_variables]
    learner.optimizer.finalize_variable_values(learner.trainable_variables)
    for variable in learner.trainable_variables:
        variable.assign(ops.copy(variable))  # or JAX would give up the averages with the weights
    try:
        yield
    finally:
        for variable, value in zip(learner.trainable_variables, kept):
            variable.assign(value)
