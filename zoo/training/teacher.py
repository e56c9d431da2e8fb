"""A trained model from which another learns (Hinton et al. 2015, arXiv:1503.02531)."""

from pathlib import Path
from typing import Any

from keras import ops, tree

from zoo.convert import checkpoint
from zoo.core.errors import ZooError
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.recipe.trial import longest, require_room
from zoo.tasks import Taught


class Teacher:
    """A task that predicts without dropout and is never changed.

    Not a layer, so that no student counts, trains or saves it. Keras's Distiller, which would be
    the model in the place of ours, holds all logits of both models, weighs padding like text, and
    keeps no state from batch to batch.
    """

    def __init__(self, task: Any, temperature: float, weight: float):
        self.task, self.temperature, self.weight = task, temperature, weight
        task.trainable = False

    def teach(self, inputs: dict[str, Any], state: Any) -> tuple[Taught, Any]:
        """What it says of a batch, and the next state."""
        hidden, state = self.task.encode(inputs, state)
        hidden = tree.map_structure(ops.stop_gradient, hidden)
        head = self.task.logits, self.task.scoring()
        return Taught(*head, hidden, self.temperature, self.weight), state


def teacher(recipe: Resolved, text: build.Text) -> Teacher | None:
    """The teacher a recipe names, if it does. Raises ZooError for one that cannot teach its model,
    or cannot read its batches."""
    settings = build.distillation(recipe)
    if settings is None:
        return None
    with build.at(recipe, "training", "distillation", "teacher"):
        folder = Path(settings.teacher)
        task = checkpoint.load(folder, recipe.tree["training"].get("precision", "float32"))
        _require_alike(task, recipe, folder)
        _require_room(task, text, folder)
    return Teacher(task, settings.temperature, settings.weight)


def _require_alike(task: Any, recipe: Resolved, folder: Path) -> None:
    """The teacher and its student tell the same tokens and classes from each other, as far as
    their numbers say."""
    size = build.tokenizer(recipe).vocabulary_size
    if task.backbone.vocabulary_size != size:
        found = f"{task.backbone.vocabulary_size:,} tokens in its vocabulary"
        raise ZooError(f"{folder}: has {found}, expected {size:,}, as many as the student.")
    written = recipe.tree["model"]["task"]
    classes = written.get("num_classes") if isinstance(written, dict) else None
    if classes is not None and task.num_classes != classes:
        found = f"{task.num_classes} classes"
        raise ZooError(f"{folder}: has {found}, expected {classes}, as many as the student.")


def _require_room(task: Any, text: build.Text, folder: Path) -> None:
    require_room(str(folder), task.backbone, longest(text).inputs)
    if text.batching.varied and tree.flatten(task.initial_state(1)):
        raise ZooError(f"{folder}: remembers something for each row, but batches differ in rows.")
