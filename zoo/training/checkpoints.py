"""Checkpoints of a run.

A run keeps `checkpoints/step_N/` (everything training needs to go on: weights, optimizer, random
seeds, memory) for the last few N, and `checkpoints/best/`, a KerasHub preset of the best weights.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.folders import verify, write_folder


def save_step(run: Path, step: int, learner: Any, keep: int, **facts: Any) -> None:
    """Write `checkpoints/step_N/` and drop all but the last `keep`."""
    state = flatten(learner.get_state_tree(value_format="numpy_array"))
    folder = run / "checkpoints" / f"step_{step:08d}"
    write_folder(folder, lambda aside: np.savez(aside / "state.npz", **state), step=step, **facts)
    for old in steps(run)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def save_best(run: Path, task: Any, **facts: Any) -> None:
    """Write `checkpoints/best/`, a preset that KerasHub reads too."""
    write_folder(
        run / "checkpoints" / "best", lambda aside: task.save_to_preset(str(aside)), **facts
    )


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
            say(f"{wrong} Going on from the one before.")
    raise ZooError(f"{run}: no whole checkpoint to go on from.")


def restore(folder: Path, learner: Any) -> None:
    """Put a step checkpoint into a learner whose optimizer is built. Raises ZooError when the
    variables differ in path, shape or dtype."""
    with np.load(folder / "state.npz", allow_pickle=False) as file:
        saved = {name: file[name] for name in file.files}
    live = learner.get_state_tree(value_format="numpy_array")
    now = flatten(live)
    shapes = {name: (value.shape, value.dtype.name) for name, value in now.items()}
    before = {name: (value.shape, value.dtype.name) for name, value in saved.items()}
    if shapes != before:
        wrong = [name for name in {**shapes, **before} if shapes.get(name) != before.get(name)]
        lines = [f"  {n}: saved {before.get(n)}, this model {shapes.get(n)}" for n in wrong[:5]]
        raise ZooError("\n".join([f"{folder}: does not fit this model.", *lines]))
    learner.set_state_tree(unflatten(saved))


def flatten(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` -> `{"a|b": 1}`."""
    found: dict[str, Any] = {}
    for name, value in nested.items():
        path = f"{prefix}|{name}" if prefix else name
        found |= flatten(value, path) if isinstance(value, dict) else {path: np.asarray(value)}
    return found


def unflatten(flat: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, last = path.split("|")
        inner = nested
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return nested
