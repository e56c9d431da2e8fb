"""Whether a model can be trained on the batches of its recipe, found by their shapes alone."""

from typing import Any

import keras
import numpy as np

from zoo.core.errors import ZooError, innermost
from zoo.core.kinds import to_config
from zoo.data.batching import Batch
from zoo.recipe.build import Text
from zoo.recipe.load import Resolved


class Trial(keras.layers.Layer):
    """The loss of a batch. Called on symbolic tensors, it allocates nothing."""

    def __init__(self, task: Any):
        super().__init__()
        self.task = lambda: task  # which is asked, and no part of this layer
        self.wrong: Exception | None = None
        """What went wrong, before Keras speaks of inferred shapes."""

    def call(self, inputs, targets, weights):
        task = self.task()
        try:
            hidden, _ = task.encode(inputs)
            return task.measure(hidden, targets, weights).loss
        except Exception as wrong:
            self.wrong = wrong
            raise


def longest(text: Text) -> Batch:
    """The longest batch of a pass over the text; the last of those that write as much, for it may
    read more."""
    shapes = text.batching.shapes(text.train)
    place = max(range(len(shapes)), key=lambda place: (shapes[place][1], place))
    return text.batching.evaluation(text.train, place)


def require_room(place: str, backbone: Any, inputs: dict[str, Any]) -> None:
    """Raises ZooError at a place for texts longer than the positions of a backbone."""
    ends = {"token_ids": backbone.max_sequence_length}
    ends |= {"encoder_token_ids": backbone.max_source_length}
    for name, end in ends.items():
        if end and name in inputs and inputs[name].shape[1] > end:
            raise ZooError(
                f"{place}: found {inputs[name].shape[1]:,} {name} a row, but the positions of the "
                f"model end at {end:,}."
            )


def try_batch(recipe: Resolved, task: Any, batch: Batch) -> None:
    """Raises ZooError for texts longer than the positions of a task, and for batches that are made
    for another kind of task."""
    place = recipe.place(("data", "batching"))
    require_room(place, task.backbone, batch.inputs)
    trial = Trial(task)
    try:
        trial(*keras.tree.map_structure(_symbol, tuple(batch)))
    except (ZooError, ValueError) as wrong:
        reason, kind = innermost(str(trial.wrong or wrong)), to_config(task)["kind"]
        raise ZooError(f"{place}: batches that the task {kind} does not take: {reason}") from wrong


def _symbol(array: np.ndarray) -> keras.KerasTensor:
    return keras.KerasTensor(array.shape, str(array.dtype))
