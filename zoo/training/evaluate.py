"""How well a model predicts a held-out text."""

import contextlib
from collections.abc import Iterator
from typing import Any

from zoo.data import pipeline
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.training.learner import Learner


def evaluate(
    learner: Learner, batching: Batching, corpus: Corpus, batches: int | None = None
) -> dict[str, float]:
    """`loss` in nats a target, `bits_per_byte` where every token is one, `bits_per_dim` of
    pictures, `accuracy`, the share of targets held the likeliest, and how many `tokens` they are
    means of."""
    total = batching.evaluation_batches(corpus)
    number = total if batches is None else min(batches, total)
    data = pipeline.evaluation(batching, corpus, 0, number)
    found = learner.evaluate(data, steps=number, verbose=0, return_dict=True)
    loss, tokens = found["nll"], float(learner.nll.count)
    bits = batching.bits(loss, corpus)
    return {"loss": loss, **bits, "accuracy": found["accuracy"], "tokens": tokens}


@contextlib.contextmanager
def averaged_weights(learner: Learner) -> Iterator[None]:
    """Inside, the weights are their moving averages, where the optimizer keeps them."""
    if not learner.optimizer.use_ema:
        yield
        return
    kept: list[Any] = [variable.numpy() for variable in learner.trainable_variables]
    learner.optimizer.finalize_variable_values(learner.trainable_variables)
    try:
        yield
    finally:
        for variable, value in zip(learner.trainable_variables, kept):
            variable.assign(value)
