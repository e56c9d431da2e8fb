"""Runs as rows of a table in Markdown."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from zoo.core.kinds import as_node
from zoo.results.figures import sentence
from zoo.results.runs import Run, by_experiment, spread

COLUMNS = ["recipe", "data", "parameters", "tokens seen", "reached", "yardstick", "time", "commit"]


def table(runs: Sequence[Run], against: Sequence[Run] = ()) -> str:
    """Runs that differ in their seed alone share a row, with mean and standard deviation. Below it
    stand their evaluations with other options. `against` are runs to measure them by."""
    yardstick = "; ".join(f"`{_names(one)}`: {_reached(one)}" for one in by_experiment(against))
    measures = [run.folder.resolve() for run in against]
    rows = []
    for together in by_experiment(runs):
        itself = together[0].folder.resolve() in measures
        rows += _rows(together, "" if itself else yardstick)
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    machines = dict.fromkeys(run.report["hardware"] for run in runs)
    versions = dict.fromkeys(_versions(run.report["versions"]) for run in runs)
    below = [f"Hardware: {'; '.join(machines)}.", f"Versions: {'; '.join(versions)}."]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", *below])


def _rows(together: Sequence[Run], yardstick: str) -> list[list[str]]:
    first = together[0]
    simple = first.report.get("baseline", {}).get("kind", "")
    baseline = f", baseline `{simple}`" if simple else ""
    changes = "".join(f", `{change}`" for change in first.changes())
    seeds = f" ({len(together)} seeds)" if len(together) > 1 else ""
    whole = [
        f"`{first.report['recipe']}`{baseline}{changes}{seeds}",
        data(first.tree),
        _number(first.report.get("parameters")),
        _number(first.report.get("tokens_seen")),
        _reached(together),
        yardstick,
        _time(together),
        ", ".join(dict.fromkeys(run.report.get("commit") or "" for run in together)),
    ]
    return [whole, *_evaluated(together)]


def _evaluated(together: Sequence[Run]) -> list[list[str]]:
    """A row for each way in which all of them were evaluated with other options, on all batches."""
    found = [
        {tuple(one.overrides): one.found for one in run.evaluations if not one.batches}
        for run in together
    ]
    ways = [way for way in found[0] if way and all(way in one for one in found)]
    return [
        [
            "the same, evaluated with " + ", ".join(f"`{_short(word)}`" for word in way),
            *([""] * 3),
            sentence(spread([one[way] for one in found])),
            *([""] * 3),
        ]
        for way in ways
    ]


def _short(override: str) -> str:
    """An override without the folders of a file it names."""
    key, equals, value = override.partition("=")
    return f"{key}{equals}{PurePath(value).name}" if "/" in value else override


def _reached(together: Sequence[Run]) -> str:
    return sentence(spread([run.reached() for run in together]))


def _names(together: Sequence[Run]) -> str:
    return ", ".join(run.name for run in together)


def data(tree: dict[str, Any]) -> str:
    """Where the text of a recipe comes from: files without the folders that differ from machine to
    machine, or what is drawn."""
    node = as_node(tree["data"]["source"])
    kind, path = node.pop("kind"), node.get("path")
    if path is not None:
        first = path if isinstance(path, str) else path[0]
        return "/".join(PurePath(first).parts[-2:])
    return ", ".join([kind, *(f"{name} {value}" for name, value in node.items())])


def _time(together: Sequence[Run]) -> str:
    """The mean, and how much the processors worked: a machine that is not idle shows in it."""
    seconds = sum(run.report["seconds"] for run in together) / len(together)
    worked = [run.report["cpu_seconds"] for run in together if "cpu_seconds" in run.report]
    work = f" ({_minutes(sum(worked) / len(worked))} of one core)" if worked else ""
    return _minutes(seconds) + work


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _versions(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())
