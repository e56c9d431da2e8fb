"""A finished run, as its folder tells of it."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zoo.convert.files import read_json
from zoo.core.check import differences
from zoo.core.errors import ZooError
from zoo.recipe.load import available, load
from zoo.training import evaluations
from zoo.training.report import read

OF_A_PLACE = (("data", "source"), ("model", "checkpoint"), ("training", "seed"), ("tokenizer",))
"""What differs from machine to machine, or from seed to seed, and makes no other experiment."""
OF_THE_COMMAND = (("export",), ("evaluation",))


class Run(NamedTuple):
    folder: Path
    report: dict[str, Any]
    """`report.json`"""
    tree: dict[str, Any]
    """Its recipe, resolved."""
    log: list[dict[str, str]]
    evaluations: list[evaluations.Evaluation]
    contexts: dict[str, Any] | None
    """`recl.json`, where it was measured."""

    @property
    def name(self) -> str:
        """That of its folder."""
        return self.folder.resolve().name

    def reached(self) -> dict[str, float]:
        """What it was evaluated to be, or its last validation."""
        plain = [one.found for one in self.evaluations if not one.overrides and not one.batches]
        return plain[-1] if plain else self.report.get("validation", {})

    def changes(self) -> list[str]:
        """Where its recipe differs from the one of that name which comes with the zoo; of a
        baseline, which has no model, in its data."""
        known = {name.rpartition("/")[2]: file for name, file in available().items()}
        file = known.get(self.report["recipe"])
        found = differences(load(str(file)).tree, self.tree) if file else []
        apart = [*OF_A_PLACE, *OF_THE_COMMAND]
        kept = [path for path, _ in found if not any(path[: len(a)] == a for a in apart)]
        if "baseline" in self.report:
            kept = [path for path in kept if path[0] == "data"]
        return [f"{'.'.join(map(str, path))}={said_at(self.tree, path)}" for path in kept]

    def experiment(self) -> str:
        """The same for runs that differ in their seed alone."""
        training = {k: v for k, v in self.tree["training"].items() if k != "seed"}
        simple = self.report.get("baseline")
        return json.dumps([{**self.tree, "training": training}, simple], sort_keys=True)


def opened(folder: Path) -> Run:
    """Raises ZooError for a folder without a run, and for one that has not come to its end."""
    if not (folder / "recipe.yaml").exists():
        raise ZooError(f"{folder}: holds no run (no recipe.yaml). Train one with: zoo train RECIPE")
    if not (folder / "report.json").exists():
        on = f"zoo train {folder / 'recipe.yaml'} --run {folder} --resume"
        raise ZooError(f"{folder}: has not come to its end (no report.json). Go on with: {on}")
    report = read_json(folder / "report.json")
    contexts = folder / "recl.json"
    return Run(
        folder,
        report,
        load(str(folder / "recipe.yaml")).tree,
        read(folder / "log.csv"),
        evaluations.read(folder),
        read_json(contexts) if contexts.exists() else None,
    )


def said_at(tree: Any, path: Sequence[str | int]) -> Any:
    """What a tree has at a path; nothing where it has none."""
    for step in path:
        there = step in tree if isinstance(tree, dict) else isinstance(tree, list)
        if not there:
            return "nothing"
        tree = tree[step]
    return tree if not isinstance(tree, dict) else tree.get("kind", "…")


def by_experiment(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that differ in their seed alone stand together, in the order of the first of them."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.experiment(), []).append(run)
    return list(found.values())


def spread(found: Sequence[dict[str, float]]) -> dict[str, tuple[float, float | None]]:
    """Figures of runs with different seeds -> the mean of each and its standard deviation, None of
    one run."""
    names = [name for name in found[0] if all(name in one for one in found)]
    values = {name: [one[name] for one in found] for name in names}
    return {
        name: (statistics.fmean(x), statistics.stdev(x) if len(x) > 1 else None)
        for name, x in values.items()
    }
