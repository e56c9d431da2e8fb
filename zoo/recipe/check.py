"""What a recipe takes, found before anything is allocated: its model is built symbolically."""

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.convert.checkpoint import written
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.core.symbolic import symbolically
from zoo.data.batching import Batch
from zoo.recipe import build
from zoo.recipe.layers import attentions, distinct, named, way
from zoo.recipe.load import Resolved
from zoo.recipe.picture import draw
from zoo.recipe.sections import Training
from zoo.recipe.trial import longest, try_batch
from zoo.tokenizers import Tokenizer
from zoo.training.optimizers import Optimizer
from zoo.training.schedules import Schedule

SIDE = 64


@dataclass(frozen=True)
class Cost:
    """How large a model is, and how many bytes its training holds at the least."""

    parameters: int
    num_bytes: int
    attentions: list[Any]


def describe(recipe: Resolved, picture: Path | None = None) -> dict[str, str]:
    """Names and facts of a recipe that is well formed; its patterns are drawn into `picture`.
    Raises ZooError for what is not."""
    text, settings = build.text(recipe), build.training(recipe)
    needs = cost(recipe, text)
    held = "nothing" if text.validation is None else f"{len(text.validation):,} tokens"
    shapes = dict.fromkeys(sorted(text.batching.shapes(text.train), key=lambda shape: shape[1]))
    seen = settings.steps * settings.gradient_accumulation_steps * text.tokens()
    length = max(length for _, length in shapes)
    if picture:
        draw(needs.attentions, length, picture)
    return {
        "recipe": recipe.name,
        "parameters": f"{needs.parameters:,}",
        "memory to train": f"{needs.num_bytes / 1e6:,.0f} MB and what one step computes",
        "text": f"{len(text.train):,} tokens in {len(text.train.names)} documents",
        "held out": held,
        **_left_out(text),
        **_cut(text),
        "batch": " or ".join(f"{rows} x {length}" for rows, length in shapes) + " tokens",
        "training": f"{settings.steps:,} steps, {seen:,} tokens",
        **_kernels(needs.attentions, length),
        "served with": _served(build.tokenizer(recipe)),
    }


def _left_out(text: build.Text) -> dict[str, str]:
    """How many records could not be read, where there are some, and the first of them."""
    told = text.left_out
    return {"left out": f"{len(told):,} records, first {told[0]}"} if told else {}


def _cut(text: build.Text) -> dict[str, str]:
    """How many documents do not fit into their rows, where there are some."""
    number = int(text.batching.cut(text.train).sum())
    there = len(text.train.names)
    return {"cut": f"{number:,} of {there:,} documents, which lose their end"} if number else {}


def _served(tokenizer: Tokenizer) -> str:
    """What a server needs for the operations of a tokenizer."""
    names = ", ".join(tokenizer.custom_ops)
    return f"tensorflow-text ({names})" if names else "plain TensorFlow"


def _kernels(layers: list[Any], length: int) -> dict[str, str]:
    """How each distinct attention is computed in training, behind what it remembers."""
    found = distinct(layers)
    names = ["kernel"] if len(found) == 1 else [f"kernel, {named('layer', of)}" for of, _ in found]
    ways = (way(layer, length, layer.memory_length or 0) for _, layer in found)
    return {name: str(computed) for name, computed in zip(names, ways)}


def cost(recipe: Resolved, text: build.Text) -> Cost:
    """What training holds from step to step: weights, gradients, the optimizer's values, a teacher,
    and what the model remembers. Raises ZooError when this machine has less memory than that, and
    for a model that cannot be trained on the batches of a text."""
    settings, across = build.training(recipe), build.distribution(recipe)
    with build.at(recipe, "training", "distribution"):
        across.require_devices()
    with build.at(recipe, "data", "batching"):
        across.require_shapes(text.batching.shapes(text.train))
    with build.at(recipe, "training", "schedule"):
        make(Schedule, settings.schedule, steps=settings.steps)
    found = symbolically(_cost, recipe, longest(text), _kept(settings))
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if found.num_bytes > there:
        raise ZooError(
            f"{recipe.place(('model',))}: {found.parameters:,} parameters need "
            f"{found.num_bytes / 1e9:,.1f} GB to train (weights, gradients, optimizer, what is "
            f"remembered), but this machine has {there / 1e9:,.1f} GB. Use a smaller model, "
            "memory or batch."
        )
    return found


def _cost(recipe: Resolved, batch: Batch, kept: float) -> Cost:
    task = build.task(recipe, compile=False)
    try_batch(recipe, task, batch)
    with build.at(recipe, "training", "distribution"):
        build.distribution(recipe).require_model(task, build.training(recipe))
    batching = build.batching(recipe)
    memory = Memory(task, batching.batch_size)(keras.KerasTensor(()))
    if batching.varied and keras.tree.flatten(memory):
        raise ZooError(
            f"{recipe.place(('data', 'batching'))}: its batches differ in rows, but this model "
            "remembers something for each row from batch to batch."
        )
    with build.at(recipe, "model", "task"):
        judge = task.judge()
    trained = [*task.trainable_variables, *(judge.trainable_variables if judge else ())]
    weights = _num_bytes(trained) * (2 + kept)
    remembered = _num_bytes(keras.tree.flatten(memory)) * 2  # in training and in evaluation
    found = round(weights) + remembered + _teacher(recipe)
    return Cost(task.count_params(), found, attentions(task))


def _teacher(recipe: Resolved) -> int:
    """How many bytes the weights of its teacher take, 0 without one."""
    settings = build.distillation(recipe)
    if settings is None:
        return 0
    model = written(Path(settings.teacher))
    taught_by = build.task(replace(recipe, tree={**recipe.tree, "model": model}), compile=False)
    return _num_bytes(taught_by.weights)


def _kept(settings: Training) -> float:
    """How many values the optimizer keeps for each weight, tried on a small matrix."""
    accumulated = settings.gradient_accumulation_steps
    optimizer = make(Optimizer, settings.optimizer).build(
        1.0,
        use_ema=settings.ema_momentum is not None,
        gradient_accumulation_steps=accumulated if accumulated > 1 else None,
    )
    optimizer.build([keras.Variable(np.zeros((SIDE, SIDE), "float32"))])
    return sum(math.prod(variable.shape) for variable in optimizer.variables) / SIDE**2


def _num_bytes(arrays: Any) -> int:
    kinds = ((a, np.dtype(keras.backend.standardize_dtype(a.dtype))) for a in arrays)
    return sum(math.prod(array.shape) * kind.itemsize for array, kind in kinds)


class Memory(keras.layers.Layer):
    """What a task remembers, as shapes: called on a symbolic tensor, it allocates nothing."""

    def __init__(self, task: Any, batch_size: int):
        super().__init__()
        self.state = lambda: task.initial_state(batch_size)

    def call(self, _):
        return self.state()
