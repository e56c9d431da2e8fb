"""One recipe trained again and again, each time with other values: every run in a process of its
own, so that what one leaves behind is not in the way of the next."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from zoo.core.errors import RunError, ZooError, shown

SPLIT = re.compile(r",(?![^\[{]*[\]}])")
"""A comma that stands in no list and no mapping."""


class Trial(NamedTuple):
    """A run of a sweep."""

    overrides: list[str]
    run: Path


def train_all(
    recipe: str, overrides: list[str], swept: list[str], run: Path | None, resume: bool, tiny: bool
) -> str:
    """Train every run of a sweep in the folder `run`, by default `runs/<recipe name>_sweep`, and
    return a table of them. Runs that are there are left, those that were begun go on. Raises
    ZooError before anything is trained, RunError where runs came to no end."""
    from zoo.recipe import build
    from zoo.recipe.load import load
    from zoo.results.runs import opened
    from zoo.results.table import table

    if resume:
        raise ZooError("--resume: a sweep goes on by itself, leave it out.")
    folder = run or Path("runs") / f"{load(recipe, overrides, tiny).name}_sweep"
    wanted = trials(swept, folder)
    for one in wanted:  # all that is wrong is said before hours have passed
        resolved = load(recipe, [*overrides, *one.overrides], tiny)
        build.text(resolved)
        build.distillation(resolved)
        build.evaluation(resolved)
        if begun(one.run):
            from zoo.training.run import may_begin  # imports Keras: only where it is asked

            may_begin(one.run, resolved, resume=True)
    failed = [one.run for one in wanted if not train(recipe, overrides, one, tiny)]
    if failed:
        names = ", ".join(map(str, failed))
        raise RunError(f"{len(failed)} of {len(wanted)} runs came to no end: {names}")
    return table([opened(one.run) for one in wanted], [])


def trials(swept: list[str], folder: Path) -> list[Trial]:
    """All combinations of values, `key=one,other` each. Raises ZooError for what is written
    otherwise, for one value alone, and for a key that comes twice."""
    keys, columns = [], []
    for text in swept:
        key, equals, values = text.partition("=")
        found = [value.strip() for value in SPLIT.split(values)]
        if not equals or not key.strip() or len(found) < 2 or not all(found):
            wanted = "a key and two values or more, such as training.schedule.peak=1e-4,3e-4"
            raise ZooError(f"--sweep: found {shown(text)}, expected {wanted}.")
        if len(set(found)) < len(found):
            raise ZooError(f"--sweep: {shown(text)} has a value twice.")
        if key in keys:
            raise ZooError(f"--sweep: {key} is there twice: write all of its values at once.")
        keys.append(key)
        columns.append(found)
    rows = [[f"{k}={v}" for k, v in zip(keys, row)] for row in itertools.product(*columns)]
    found = [Trial(row, folder / _name(row)) for row in rows]
    if len({one.run for one in found}) < len(found):
        names = ", ".join(one.run.name for one in found)
        raise ZooError(f"--sweep: some of these runs would share a folder: {names}.")
    return found


def finished(run: Path) -> bool:
    """Whether a training came to its end: one that was stopped reports as well."""
    report = run / "report.json"
    if not report.is_file():
        return False
    read = json.loads(report.read_text())
    return read["step"] >= read["steps"] or read.get("stopped_early", False)


def begun(run: Path) -> bool:
    """Whether there is a training that can go on."""
    return any(run.glob("checkpoints/step_*"))


def train(recipe: str, overrides: list[str], trial: Trial, tiny: bool = False) -> bool:
    """Train a run, or go on with it; True where it is whole now. Its words go where ours go."""
    if finished(trial.run):
        print(f"{trial.run}: is there already.", flush=True)
        return True
    command = [sys.executable, "-m", "zoo.cli", "train", recipe, *overrides, *trial.overrides]
    command += ["--run", str(trial.run)]
    more = [*(["--resume"] if begun(trial.run) else []), *(["--tiny"] if tiny else [])]
    return subprocess.run([*command, *more], check=False).returncode == 0


def _name(row: list[str]) -> str:
    """The folder of a run: the ends of its keys, and its values."""
    words = [f"{one.partition('=')[0].split('.')[-1]}={one.partition('=')[2]}" for one in row]
    return re.sub(r"[^\w.=,+-]+", "_", ",".join(words)).strip("_")
