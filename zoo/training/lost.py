"""Where a loss was lost: which layer, on which batch, and what it takes to look at it again.

The folder `lost` of a run holds `batch.npz`, what was read, and `state.npz`, as a checkpoint does,
with the weights as they were before that batch; what a model remembers, and its random seeds, are
those of the step at which it was noticed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from zoo.core.folders import write_folder
from zoo.core.loops import pullback
from zoo.core.taps import calling
from zoo.data.batching import Batch
from zoo.training import checkpoints
from zoo.training.learner import Learner

FOLDER = "lost"


class Heard(NamedTuple):
    """What a layer gave of a batch, or what a gradient of one of its weights was."""

    name: str
    largest: float
    """Its largest number, in size."""
    rows: tuple[int, ...] = ()
    """The rows of the batch in which it is not finite, of layers that give rows."""

    @property
    def fine(self) -> bool:
        return bool(np.isfinite(self.largest))


class Lost(NamedTuple):
    """What was found on a batch."""

    outputs: list[Heard]
    """Of all layers, those first that were done first."""
    gradients: list[Heard]

    def said(self) -> str:
        """Where numbers end, in one line."""
        for what, found in (("output", self.outputs), ("gradient", self.gradients)):
            for place, one in enumerate(found):
                if not one.fine:
                    before = [each.largest for each in found[:place]]
                    grown = f", up to {max(before):.3g} before it" if before else ""
                    rows = f", row {', '.join(map(str, one.rows[:8]))}" if one.rows else ""
                    return f"the {what} of {one.name} is {one.largest}{rows}{grown}"
        largest = max(one.largest for one in self.outputs)
        return f"looked at again, all is finite: outputs up to {largest:.3g}"


def keep(run: Path, learner: Learner, batch: Batch, **facts: Any) -> Path:
    """Write the folder `lost` of a run."""
    inputs = {f"inputs/{name}": value for name, value in batch.inputs.items()}

    def fill(aside: Path) -> None:
        np.savez(aside / "state.npz", **checkpoints.state(learner))
        np.savez(aside / "batch.npz", **inputs, targets=batch.targets, weights=batch.weights)

    write_folder(run / FOLDER, fill, **facts)
    return run / FOLDER


def look(learner: Learner, batch: Batch) -> Lost:
    """Run a batch forwards and, where that is finite, backwards. Nothing changes by it."""
    weights = learner.trainable_variables
    outputs: list[Heard] = []

    def instead(layer: Any, call: Any) -> Any:
        def listening(*arguments, **named):
            out = call(*arguments, **named)
            outputs.extend(_heard(layer.path or layer.name, out, len(batch.targets)))
            return out

        return listening

    def loss(*values: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(weights, values))):
            hidden = learner(batch.inputs, training=True)
            return learner.task.measure(hidden, batch.targets, batch.weights).loss

    layers = list({id(layer): layer for layer in learner._flatten_layers()}.values())
    values = [ops.copy(weight) for weight in weights]
    with calling([layer for layer in layers if layer is not learner], instead):
        found, turn = pullback(loss, values)
    if not all(one.fine for one in outputs):
        return Lost(outputs, [])
    gradients = zip(weights, turn(ops.ones_like(found)))
    return Lost(outputs, [Heard(v.path, _largest(ops.convert_to_numpy(g))) for v, g in gradients])


def _heard(name: str, out: Any, rows: int) -> Sequence[Heard]:
    """What is told of the numbers a layer gives, without those it is asked to remember."""
    first = out[0] if isinstance(out, tuple) and out else out
    if not hasattr(first, "dtype") or "float" not in keras.backend.standardize_dtype(first.dtype):
        return []
    found = ops.convert_to_numpy(ops.cast(ops.stop_gradient(first), "float32"))
    there: tuple[int, ...] = ()
    if found.ndim and len(found) == rows:
        there = tuple(np.flatnonzero(~np.isfinite(found.reshape(rows, -1)).all(axis=1)).tolist())
    return [Heard(name, _largest(found), there)]


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values.astype("float32")).max(initial=0.0))
