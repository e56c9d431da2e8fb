"""The sections of a recipe. Their fields are what a recipe is checked against.

The contracts are named for the checker alone, so that a recipe is read without importing Keras.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zoo.core.errors import ZooError
from zoo.core.types import Fraction, PositiveFloat, PositiveInt, Seed, Share

if TYPE_CHECKING:
    from zoo.backbones import Backbone
    from zoo.data.batching import Batching
    from zoo.data.sources import Source
    from zoo.generation.search import Search
    from zoo.metrics import Metric
    from zoo.serving.formats import Format
    from zoo.serving.signatures import Signature
    from zoo.tasks import Task
    from zoo.tokenizers import Tokenizer
    from zoo.training.distribution import Distribution
    from zoo.training.optimizers import Optimizer
    from zoo.training.schedules import Schedule


class Recipe:
    """One page: which text, which model, how it is trained and measured, and what is exported."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        data: Data,
        model: Model,
        training: Training,
        evaluation: Evaluation | None = None,
        export: Export | None = None,
    ):
        self.tokenizer, self.data, self.model = tokenizer, data, model
        self.training, self.evaluation, self.export = training, evaluation, export


@dataclass(frozen=True)
class Data:
    """Where examples come from, and how they are cut into batches."""

    source: Source
    batching: Batching


class Model:
    """A task and, in the same breath, its backbone: all other keys are the backbone's.

    Training begins with the weights in the folder `checkpoint`: a run, or what `zoo convert` reads.
    """

    def __init__(self, task: Task, checkpoint: str | None = None, **backbone: Backbone):
        self.task, self.checkpoint, self.backbone = task, checkpoint, backbone


@dataclass(frozen=True)
class Distillation:
    """A trained model from which a smaller one learns (Hinton et al. 2015): `teacher` is a folder
    as `model.checkpoint` is, with the same task and vocabulary. The loss is `weight` times how far
    the probabilities of both are apart at `temperature`, and the usual one times the rest."""

    teacher: str
    temperature: PositiveFloat = 2.0
    weight: Share = 0.5


@dataclass(frozen=True)
class Training:
    """How a model is trained. `*_every`, `steps` and the schedule count optimizer steps: one takes
    the mean gradient of `gradient_accumulation_steps` batches. `layer_decay`: the learning rate of
    each block is so much of that of the next, and that of the embeddings of the first block's; for
    weights that were trained before. `l2`: half of that times the sum of the squares of all
    matrices is added to the loss; an optimizer's `weight_decay` is apart from it. `jit_compile`: by
    XLA; without a word of it, wherever that is faster, which it is not for bfloat16 on a CPU, that
    XLA multiplies as float32. `patience`: stop when so many validations in a row have found no
    lower loss. `return_memory`: on a CPU, `zoo train` gives freed memory back to the system at
    once, which is slower and needs less. `backend` is the one to run on; without it, Keras's own.
    `distribution` says on which devices; without it, on one.
    """

    steps: PositiveInt
    optimizer: Optimizer
    schedule: Schedule
    clip_norm: PositiveFloat | None = None
    gradient_accumulation_steps: PositiveInt = 1
    ema_momentum: Fraction | None = None
    layer_decay: Fraction | None = None
    l2: PositiveFloat | None = None
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16", "bfloat16"] = "float32"
    jit_compile: bool | None = None
    return_memory: bool = False
    steps_per_execution: PositiveInt = 1
    seed: Seed = 0
    deterministic: bool = False
    log_every: PositiveInt = 10
    validate_every: PositiveInt | None = None
    validation_batches: PositiveInt | None = None
    checkpoint_every: PositiveInt | None = None
    keep_checkpoints: PositiveInt = 2
    patience: PositiveInt | None = None
    backend: Literal["tensorflow", "jax"] | None = None
    distribution: Distribution | None = None
    distillation: Distillation | None = None

    def __post_init__(self):
        if self.patience is not None and self.validate_every is None:
            raise ZooError(
                f"found {self.patience}, expected training.validate_every with it.", "patience"
            )
        at_once = self.steps_per_execution
        if self.steps % at_once:
            near = self.steps // at_once * at_once
            raise ZooError(
                f"found {self.steps}, expected a multiple of training.steps_per_execution "
                f"{at_once}, such as {near or at_once} or {near + at_once}.",
                "steps",
            )


@dataclass(frozen=True)
class Evaluation:
    """What `zoo evaluate` measures beside the loss: the answers to held-out documents, by
    `metrics`. Texts are found by a `search`, `batch_size` at a time; without one, an answer is what
    a model gives at once."""

    metrics: list[Metric]
    search: Search | None = None
    batch_size: PositiveInt = 32


@dataclass(frozen=True)
class Export:
    """What `zoo export` writes, and the prompt that shows it works. The first of the signatures is
    the one that answers where none is named; those of a SavedModel are by default all that its task
    answers without being told more. Weights are written as they were trained, or in one byte each:
    `quantize` is Keras's word for how."""

    signatures: list[Signature] | None = None
    format: Format | str = "saved_model"
    quantize: Literal["int8"] | None = None
    prompt: str = ""
    max_new_tokens: PositiveInt = 200
    temperature: PositiveFloat = 0.8
