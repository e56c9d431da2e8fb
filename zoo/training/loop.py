"""Train a recipe: Keras `fit` underneath, with everything that must happen between its steps."""

from pathlib import Path
from typing import Any

import keras

from zoo.core import folders
from zoo.core.behind import Behind
from zoo.core.kinds import make
from zoo.data import pipeline
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.recipe.sections import Training
from zoo.training import checkpoints
from zoo.training.by_layer import by_layer, scales
from zoo.training.distribution import Distribution, seed
from zoo.training.guarded import guarded
from zoo.training.learner import Learner
from zoo.training.optimizers import Optimizer
from zoo.training.progress import Bar
from zoo.training.run import check_resume, claimed
from zoo.training.schedules import ByBatches, Schedule
from zoo.training.teacher import Teacher, teacher
from zoo.training.watch import Before, Watch


def train(
    recipe: Resolved, run: Path, resume: bool = False, text: build.Text | None = None
) -> dict[str, Any]:
    """Train a recipe in the folder `run`; `text` is its own, where that has been read already.
    Returns what `report.json` holds.

    Raises ZooError for input that cannot be trained on, RunError when training has to stop.
    """
    across = build.distribution(recipe)
    with build.at(recipe, "training", "distribution"):
        across.prepare()
    with across.scope(), across.folder(run) as ours:
        text = text or build.text(recipe)
        taught_by = teacher(recipe, text)
        with claimed(ours, recipe, text, resume and ours == run):
            return _train(recipe, run, ours, resume, text, taught_by, across)


def _train(
    recipe: Resolved,
    run: Path,
    ours: Path,
    resume: bool,
    text: build.Text,
    taught_by: Teacher | None,
    across: Distribution,
) -> dict[str, Any]:
    """Train, going on with what is in `run` and writing in `ours`: the same, but for workers."""
    settings = build.training(recipe)
    seed(settings.seed, settings.deterministic)
    learner = compiled(build.task(recipe), text.batching.batch_size, settings, taught_by, across)
    before = Before()
    with Bar(recipe.name, settings.steps) as bar:
        for told in text.left_out:
            bar.say(f"Left out: {told}")
        if resume and checkpoints.steps(run):
            folder, facts = checkpoints.latest(run, bar.say)
            check_resume(run, facts, text, settings, folder)
            checkpoints.restore(folder, learner)
            before = Before.of(facts)
            bar.say(f"Going on from step {before.step}.")
        elif resume:
            bar.say("No checkpoint was written yet: beginning at the beginning.")
        across.require_same("a checkpoint of step", before.step)
        if not before.step and (folder := recipe.tree["model"].get("checkpoint")):
            bar.say(begin_with(learner.task, recipe, folder))
        with folders.readable_errors(ours), Behind() as behind:
            watch = Watch(recipe, ours, text, settings, bar, before, across, behind)
            if before.step < settings.steps and not watch.tired():  # or all is done but its report
                _fit(learner, watch, across)
    return watch.finish(learner)


def begin_with(task: Any, recipe: Resolved, folder: str) -> str:
    """Give a task the weights in a folder, and say which. Raises ZooError when they do not fit."""
    from zoo.convert import checkpoint

    with build.at(recipe, "model", "checkpoint"):
        whole = checkpoint.fill(task, checkpoint.load(Path(folder)))
    return f"Beginning with the weights of {folder}{'' if whole else ', and with a new head'}."


def compiled(
    task: Any,
    batch_size: int,
    settings: Training,
    taught_by: Teacher | None = None,
    across: Distribution | None = None,
) -> Learner:
    """A learner with the optimizer of a recipe, built and ready for `fit`, `across` devices or on
    one."""
    schedule = make(Schedule, settings.schedule, steps=settings.steps)
    gathered = settings.gradient_accumulation_steps
    optimizer = make(Optimizer, settings.optimizer).build(
        ByBatches(schedule, gathered),
        global_clipnorm=settings.clip_norm,
        gradient_accumulation_steps=gathered if gathered > 1 else None,
        use_ema=settings.ema_momentum is not None,
        ema_momentum=settings.ema_momentum or 0.99,
    )
    optimizer = across.adapt(optimizer) if across else optimizer
    learner = Learner(task, batch_size, taught_by, dtype=settings.precision)
    if optimizer.weight_decay:
        vectors = [v for v in learner.trainable_variables if _is_vector(v)]
        optimizer.exclude_from_weight_decay(var_list=vectors)
    for variable in learner.trainable_variables if settings.l2 else []:
        if not _is_vector(variable):
            variable.regularizer = keras.regularizers.L2(settings.l2 / 2)
    if settings.layer_decay:
        factors = scales(task, settings.layer_decay)
        optimizer = by_layer(optimizer, [factors[v.path] for v in learner.trainable_variables])
    optimizer = guarded(optimizer)
    at_once = settings.steps_per_execution
    learner.compile(
        optimizer,
        jit_compile=by_xla(settings),
        steps_per_execution=at_once * gathered if at_once > 1 else 1,
    )
    learner.optimizer.build(learner.trainable_variables)
    return learner


def by_xla(settings: Training) -> bool:
    """Whether steps are compiled by XLA: where nothing is said of it, where it is faster."""
    if settings.jit_compile is not None:
        return settings.jit_compile
    on_cpu = all(device.startswith("cpu") for device in keras.distribution.list_devices())
    plain = keras.config.backend() == "tensorflow" and on_cpu
    return not (plain and settings.precision.endswith("bfloat16"))


def _is_vector(variable: Any) -> bool:
    """Biases (also those by head) and layer-norm scales."""
    return len(variable.shape) < 2 or variable.name in ("bias", "u", "v")


def _fit(learner: Learner, watch: Watch, across: Distribution) -> None:
    settings = watch.settings
    gathered = settings.gradient_accumulation_steps
    first, last = watch.start * gathered, settings.steps * gathered
    batches = pipeline.training(watch.text.batching, watch.text.train, first, last)
    board = keras.callbacks.TensorBoard(
        str(watch.run / "tensorboard"), write_graph=False, update_freq=settings.log_every
    )
    across.fit(learner, batches, last - first, [watch, board])
