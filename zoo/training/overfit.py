"""Whether a model can learn one batch by heart. One that cannot will learn nothing from more."""

import dataclasses
from typing import Any

import keras

from zoo.core.errors import RunError
from zoo.data import pipeline
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.training.distribution import seed
from zoo.training.loop import compiled

STEPS = 300
SHARE = 0.1
"""Of the first loss, below which a batch is known."""
DROPPED = ("dropout", "stochastic_depth")


def overfit(recipe: Resolved) -> dict[str, str]:
    """Train on the first batch of a recipe alone, with its optimizer, at the highest learning rate
    of its schedule, and without what is left to chance. Raises RunError where its loss stays above
    a tenth of the first."""
    text, settings = build.text(recipe), build.training(recipe)
    calm = dataclasses.replace(
        settings,
        schedule={"kind": "constant", "peak": settings.schedule["peak"], "warmup_steps": 10},
        steps=STEPS,
        steps_per_execution=1,
        gradient_accumulation_steps=1,
    )
    seed(settings.seed, settings.deterministic)
    still = dataclasses.replace(recipe, tree={**recipe.tree, "model": _still(recipe.tree["model"])})
    learner = compiled(build.task(still), text.batching.batch_size, calm)
    losses = Losses()
    batches = pipeline.numbered(lambda _: text.batching.batch(text.train, 0), 0, STEPS, False)
    learner.fit(batches, steps_per_epoch=STEPS, shuffle=False, verbose=0, callbacks=[losses])
    first, last, taken = losses.found[0], losses.found[-1], len(losses.found)
    fell = f"from {first:.4f} to {last:.4f} nats in {taken} steps on one batch"
    if last > SHARE * first:
        raise RunError(
            f"{recipe.name}: the loss fell {fell}, expected below {SHARE * first:.4f}. The model "
            "cannot learn what it reads: look at training.schedule.peak, at the size of the model, "
            "and at whether its targets follow from its inputs at all."
        )
    return {"one batch": f"learned by heart, {fell}"}


class Losses(keras.callbacks.Callback):
    """The loss step by step; stops where a batch is known."""

    def __init__(self):
        super().__init__()
        self.found: list[float] = []

    def on_train_batch_end(self, batch, logs=None):
        learner: Any = self.model
        self.found.append(float((logs or {})["nll"]))
        learner.nll.reset_state()
        if self.found[-1] < SHARE * self.found[0]:
            learner.stop_training = True


def _still(node: Any) -> Any:
    """A model as recipes write it, with nothing dropped."""
    if isinstance(node, dict):
        return {key: 0.0 if key in DROPPED else _still(value) for key, value in node.items()}
    return [_still(one) for one in node] if isinstance(node, list) else node
