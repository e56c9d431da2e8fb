"""A model with weights of one byte each, as Keras quantises it.

Keras rounds the weights of projections and embeddings to 255 steps, a scale a column; what is
multiplied with them is rounded likewise, a scale a row. Norms, biases, and what layers hold as
weights of their own (learned positions, an LSTM's, adaptive embeddings) stay as they are.
"""

import contextlib
import gc
import warnings
from collections.abc import Iterator
from typing import Any

from zoo.backbones import Backbone
from zoo.convert.checkpoint import TASKS, fill, recipe_form
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.tasks import Task


def quantized(task: Any, mode: str) -> Any:
    """A copy of a task with weights as `mode` says: `int8`. The task is left as it is; the copy
    cannot be trained. Raises ZooError where there is nothing that Keras can quantise."""
    backbone = task.backbone
    copied = make(Backbone, _at_once(to_config(backbone)), dtype=backbone.dtype_policy)
    found = make(Task, recipe_form(TASKS, to_config(task)), backbone=copied)
    fill(found, task)
    with warnings.catch_warnings(), _collecting_little():
        # It names every layer that has nothing to be quantised.
        warnings.filterwarnings("ignore", "Layer .* does not have a `quantize` method")
        found.quantize(mode)
    if not any(weight.dtype == mode for weight in found.weights):
        raise ZooError(f"quantize: this model has no weights that can be {mode}.")
    return found


@contextlib.contextmanager
def _collecting_little() -> Iterator[None]:
    """Keras collects garbage for every weight that it lets go: inside, only what is new is looked
    through."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def floats(task: Any) -> dict[str, int]:
    """How many weights each kind of layer keeps as floats, those that keep most first."""
    found: dict[str, int] = {}
    for layer in task._flatten_layers():
        own = [*layer._trainable_variables, *layer._non_trainable_variables]
        number = sum(one.value.shape.num_elements() for one in own if "float" in one.dtype)
        name = type(layer).__name__
        found[name] = found.get(name, 0) + number
    return dict(sorted(((n, x) for n, x in found.items() if x), key=lambda one: -one[1]))


def _at_once(tree: Any) -> Any:
    """What was built, with all heads computed at once: a part of a quantised projection cannot be
    applied alone."""
    if isinstance(tree, dict):
        whole = {name: _at_once(value) for name, value in tree.items()}
        return whole | {"num_parallel_heads": None} if "num_parallel_heads" in tree else whole
    return [_at_once(one) for one in tree] if isinstance(tree, list) else tree
