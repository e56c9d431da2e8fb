"""What was measured of a run, kept in its folder: a line for every `zoo evaluate`."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from zoo.core.errors import ZooError
from zoo.core.folders import readable_errors
from zoo.core.machine import commit, hardware, versions

FILE = "evaluations.jsonl"


class Evaluation(NamedTuple):
    """What was found, with which changes to the recipe of the run."""

    overrides: list[str]
    batches: int | None
    """Of how many batches; None for all."""
    found: dict[str, float]
    seconds: float


def write(run: Path, evaluation: Evaluation) -> None:
    facts = {"versions": versions(), "hardware": hardware(), "commit": commit()}
    with readable_errors(run), (run / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(evaluation._asdict() | facts, ensure_ascii=False) + "\n")


def read(run: Path) -> list[Evaluation]:
    """The last of every kind, in the order in which they were first made. Raises ZooError for a
    file that was changed by hand."""
    if not (run / FILE).exists():
        return []
    found: dict[Any, Evaluation] = {}
    for number, line in enumerate((run / FILE).read_text(encoding="utf-8").splitlines(), 1):
        try:
            facts = json.loads(line)
            one = Evaluation(*(facts[name] for name in Evaluation._fields))
        except (ValueError, KeyError, TypeError) as wrong:
            raise ZooError(f"{run / FILE}:{number}: is not what zoo evaluate wrote.") from wrong
        found[tuple(one.overrides), one.batches] = one
    return list(found.values())
