"""The mean of the weights of several checkpoints (Vaswani et al. 2017, section 6.1)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.folders import MANIFEST, verify, write_folder
from zoo.core.weights import by_path
from zoo.training import checkpoints

STATE = "state.npz"


def chosen(given: Sequence[Path], last: int | None = None) -> list[Path]:
    """The checkpoints that are meant: those given, or the `last` steps that one run keeps.
    Raises ZooError for fewer than two, and for one that is not there or given twice."""
    if last is not None:
        if len(given) != 1:
            raise ZooError(f"--last: found {len(given)} folders, expected one run.")
        return _last(given[0], last)
    if missing := [str(folder) for folder in given if not folder.is_dir()]:
        raise ZooError(f"{missing[0]}: there is no folder with a checkpoint.")
    places = [folder.resolve() for folder in given]
    if twice := [str(f) for f, place in zip(given, places) if places.count(place) > 1]:
        raise ZooError(f"{twice[0]}: is given twice, and would count twice in the mean.")
    if len(given) < 2:
        raise ZooError(
            f"found {len(given)} checkpoint, expected two or more: there is nothing to average. "
            "The last steps of a run are meant with: zoo average RUN --last 5 --to FOLDER"
        )
    return list(given)


def _last(run: Path, number: int) -> list[Path]:
    found = checkpoints.steps(run)
    if number < 2:
        raise ZooError(f"--last: found {number}, expected two or more.")
    if not found:
        raise ZooError(f"{run}: holds no step checkpoint (no checkpoints/step_N).")
    if len(found) < number:
        raise ZooError(
            f"{run}: holds {len(found)} step checkpoints, expected {number}. Ask for fewer with "
            f"--last, or train with training.keep_checkpoints={number}."
        )
    return found[-number:]


def average(folders: Sequence[Path], target: Path) -> Any:
    """Write the model of the first checkpoint, with the mean of the weights of all, as a preset;
    returns it. A checkpoint is a step of a run, or any folder with a model.

    The sums are float64, and one checkpoint is in memory at a time. Of a step the weights
    themselves are taken, also where the run keeps moving averages. Raises ZooError for fewer than
    two, for models that differ, and for a `target` that exists.
    """
    if os.path.lexists(target):
        raise ZooError(f"{target}: exists already, and is left as it is.")
    folders = chosen(folders)
    runs: dict[Path, dict[str, str]] = {}
    sums: dict[str, np.ndarray] = {}
    for folder in folders:
        found = _weights(folder, runs)
        if sums:
            _require_alike(sums, found, folders[0], folder)
        for name in list(found):
            value = found.pop(name).astype("float64")
            sums[name] = sums[name] + value if name in sums else value
    model = _model(folders[0])
    for name, weight in by_path(model).items():
        weight.assign(sums.pop(name) / len(folders))
    names = [str(folder) for folder in folders]
    write_folder(target, lambda aside: model.save_to_preset(str(aside)), averaged=names)
    return model


def _require_alike(sums: dict, found: dict, first: Path, folder: Path) -> None:
    before, now = ({n: v.shape for n, v in one.items()} for one in (sums, found))
    differ = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if differ:
        shapes = ((n, before.get(n, "nothing"), now.get(n, "nothing")) for n in differ[:5])
        lines = [f"  {name}: {one} in the first, {other} here" for name, one, other in shapes]
        count = f"{len(differ)} of {len({**before, **now})} weights differ"
        text = f"{folder}: is of another model than {first}, {count}."
        raise ZooError("\n".join([text, *lines]))


def _weights(folder: Path, runs: dict[Path, dict[str, str]]) -> dict[str, np.ndarray]:
    """The weights of a checkpoint, by their paths in the model. `runs` remembers how the steps of
    a run name them."""
    from keras import ops

    if not _is_step(folder):
        named = by_path(_model(folder))
        return {path: np.asarray(ops.convert_to_numpy(w)) for path, w in named.items()}
    verify(folder)
    run = _run(folder)
    if run not in runs:
        runs[run] = _names(run)
    with np.load(folder / STATE, allow_pickle=False) as file:
        return {path: file[name] for path, name in runs[run].items() if name in file.files}


def _names(run: Path) -> dict[str, str]:
    """For the path of every weight, how the steps of a run name it."""
    from zoo.recipe import build
    from zoo.training.loop import compiled
    from zoo.training.run import resolve

    recipe = resolve(run)
    batch_size = build.batching(recipe).batch_size
    learner = compiled(build.task(recipe), batch_size, build.training(recipe))
    names = {id(found): name for name, found in checkpoints.variables(learner).items()}
    return {path: names[id(weight)] for path, weight in by_path(learner.task).items()}


def _model(folder: Path) -> Any:
    """The model of a checkpoint; that of a step has fresh weights."""
    from zoo.convert import checkpoint
    from zoo.recipe import build
    from zoo.training.run import load_task, resolve

    if _is_step(folder):
        return build.task(resolve(_run(folder)))
    if (folder / "recipe.yaml").is_file():
        return load_task(folder)
    if (folder / MANIFEST).is_file():
        verify(folder)
    return checkpoint.load(folder)


def _is_step(folder: Path) -> bool:
    return folder in checkpoints.steps(_run(folder))


def _run(folder: Path) -> Path:
    """The run that a step checkpoint belongs to."""
    return folder.parent.parent
