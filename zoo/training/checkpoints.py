"""Checkpoints of a run.

A run keeps `checkpoints/step_N/` (everything training needs to go on: weights, optimizer, random
seeds, memory) for the last few N, and `checkpoints/best/`, a KerasHub preset of the best weights.
"""

import math
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.apart import apart
from zoo.core.errors import RunError, ZooError
from zoo.core.folders import verify, write_folder

HEADER_BYTES = 8192
"""What a variable in an HDF5 file takes beside its values, generously."""


def write_step(run: Path, step: int, held: dict[str, np.ndarray], keep: int, **facts: Any) -> None:
    """Write the `state` of a learner to `checkpoints/step_N/` and drop all but the last `keep`."""
    folder = run / "checkpoints" / f"step_{step:08d}"
    write_folder(folder, lambda aside: np.savez(aside / "state.npz", **held), step=step, **facts)
    for old in steps(run)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def require_finite(run: Path, step: int, state: dict[str, np.ndarray]) -> None:
    """Raises RunError, with all checkpoints kept, when a value is not finite any more."""
    if lost := not_finite(state):
        last = steps(run)[-1:]
        raise RunError(
            f"{run}: step {step} is not saved: {len(lost)} of {len(state)} variables are no longer "
            f"finite, first {lost[0]}. The last checkpoint is {last[0] if last else 'none'}. "
            "Try a lower training.schedule.peak, a longer warm-up, or training.clip_norm."
        )


def not_finite(state: dict[str, np.ndarray]) -> list[str]:
    """The names of arrays that hold what is no number, or infinite."""
    return [name for name, v in state.items() if v.dtype.kind == "f" and not np.isfinite(v).all()]


def save_best(run: Path, task: Any, **facts: Any) -> None:
    """Write `checkpoints/best/`, a preset that KerasHub reads too."""
    room = sum(HEADER_BYTES + math.prod(v.shape) * 4 for v in task.variables)
    write_folder(
        run / "checkpoints" / "best",
        lambda aside: task.save_to_preset(str(aside)),
        room=room,
        **facts,
    )


def twin(task: Any, weights: Sequence[np.ndarray]) -> Any:
    """Another task like one that is being trained, with weights that are not. What Keras names by
    numbers is named as if it were the first in a process."""

    def built() -> Any:
        other = type(task).from_config(task.get_config())
        for weight, value in zip(other.weights, weights, strict=True):
            weight.assign(value)
        return other

    return apart(built)


def steps(run: Path) -> list[Path]:
    """The step checkpoints of a run, oldest first."""
    found = (run / "checkpoints").glob("step_*")
    return sorted(folder for folder in found if re.fullmatch(r"step_\d+", folder.name))


def latest(run: Path, say: Callable[[str], None]) -> tuple[Path, dict[str, Any]]:
    """The newest whole step checkpoint. Damaged ones are named and passed over."""
    for folder in reversed(steps(run)):
        try:
            return folder, verify(folder)
        except ZooError as wrong:
            say(f"{wrong} Looking for the one before.")
    raise ZooError(
        f"{run}: there is no whole checkpoint to go on from. Begin another run with --run FOLDER."
    )


def restore(folder: Path, learner: Any) -> None:
    """Put a step checkpoint into a learner whose optimizer is built. Raises ZooError when the
    variables differ in name, type or shape, or are no numbers."""
    saved = fitting(folder, learner)
    if lost := not_finite(saved):
        raise ZooError(f"{folder}: {len(lost)} variables are not finite, first {lost[0]}.")
    assign(learner, saved)


def fitting(folder: Path, learner: Any) -> dict[str, np.ndarray]:
    """The state in a folder. Raises ZooError where a learner has other variables."""
    with np.load(folder / "state.npz", allow_pickle=False) as file:
        saved = {_any_width(name): file[name] for name in file.files}
    before = {name: value.shape for name, value in saved.items()}
    now = {name: tuple(variable.shape) for name, variable in variables(learner).items()}
    if now != before:
        wrong = [name for name in {**now, **before} if now.get(name) != before.get(name)]
        lines = [f"  {n}: saved {before.get(n)}, this model {now.get(n)}" for n in wrong[:5]]
        count = f"{len(wrong)} of {len(now)} variables differ"
        raise ZooError("\n".join([f"{folder}: does not fit this model, {count}.", *lines]))
    return saved


def assign(learner: Any, saved: dict[str, np.ndarray]) -> None:
    for name, variable in variables(learner).items():
        variable.assign(saved[name])


def variables(learner: Any) -> dict[str, Any]:
    """Everything training changes: weights, random seeds, memory, optimizer and metrics.

    Named by place, path and type; the numbers Keras appends to names depend on what else was
    built in the process and are left out, and how wide whole numbers are, which backends differ in.
    """
    everything = [*learner.variables, *learner.optimizer.variables, *learner.metrics_variables]
    unique = {id(variable): variable for variable in everything}.values()
    paths = (re.sub(r"_[0-9]+(?=/|$)", "", v.path).replace("/", ".") for v in unique)
    return {
        _any_width(f"{place:05d}.{path}.{v.dtype}"): v
        for place, (path, v) in enumerate(zip(paths, unique))
    }


def _any_width(name: str) -> str:
    """What a variable is called whatever the width of its whole numbers."""
    return re.sub(r"\.int(32|64)$", ".int", name)


def state(learner: Any) -> dict[str, np.ndarray]:
    """The values of `variables` as they are now, as NumPy can store them."""
    return {name: _portable(variable) for name, variable in variables(learner).items()}


def _portable(variable: Any) -> np.ndarray:
    """A copy NumPy can store: it knows no bfloat16, which float32 holds exactly."""
    value = variable.numpy()
    return value.astype("float32" if value.dtype.name == "bfloat16" else value.dtype)
