"""All that `zoo bench` measures, one process after another, kept as it comes."""

import dataclasses
import datetime
from pathlib import Path
from typing import Any

from zoo.bench import report
from zoo.bench.growth import exponents
from zoo.bench.process import ask
from zoo.bench.progress import Progress
from zoo.bench.settings import Settings
from zoo.bench.subjects import Subject, folder_name, subject
from zoo.core import machine
from zoo.core.errors import RunError, ZooError
from zoo.core.folders import readable_errors, write_file

SHARE = 0.85
"""Of the available memory, what a measurement may hold unless a limit is given."""
PASSES = {"forward": 1, "forward_backward": 3}
"""A backward pass multiplies twice for every multiplication of the forward pass."""


def bench(whats: list[str], lengths: list[int], settings: Settings, out: Path | None) -> Path:
    """Measure everything at every length, print a table, and write `bench.json` and `bench.png`
    into the folder that is returned. Raises ZooError before anything is measured for what is
    written wrongly, RunError when nothing at all could be measured."""
    subjects = [subject(what, settings) for what in dict.fromkeys(whats)]
    folder = _folder(out or Path("bench") / folder_name(list(dict.fromkeys(whats))))
    limit = round(settings.memory_limit * 1e9) if settings.memory_limit else 0
    limit = limit or round(SHARE * machine.available_memory())
    facts = _facts(settings, limit)
    with readable_errors(folder):
        try:
            _measure(facts, subjects, lengths, settings, folder)
        finally:
            facts["growth"] = exponents(facts["rows"])
            report.finish(folder, facts)
    if all(row["status"] != "measured" for row in facts["rows"]):
        raise RunError(f"nothing could be measured: {facts['rows'][0]['status']}.")
    return folder


def _folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise ZooError(f"{folder}: no folder can be made here: {wrong.strerror}.") from wrong
    return folder


def _facts(settings: Settings, memory_limit: int) -> dict[str, Any]:
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "hardware": machine.hardware(),
        "versions": machine.versions(),
        "settings": dataclasses.asdict(settings),
        "memory_limit_bytes": memory_limit,
        "peaks": {},
        "rows": [],
    }


def _measure(
    facts: dict, subjects: list[Subject], lengths: list[int], settings: Settings, folder: Path
) -> None:
    precisions = list(dict.fromkeys(each.precision for each in subjects))
    limit = facts["memory_limit_bytes"]
    with Progress(len(precisions) + len(subjects) * len(lengths)) as progress:
        for precision in precisions:
            progress.begin(f"the peak of {precision}")
            facts["peaks"][precision] = ask({"peak": True, "precision": precision}, limit)
            progress.end()
        for length in lengths:
            for each in subjects:
                progress.begin(f"{each.name} at {length:,}")
                found = ask(_request(each, length, settings), limit)
                row = _row(each, length, settings, found, facts["peaks"][each.precision])
                facts["rows"].append(row)
                write_file(folder / report.JSON, report.as_json(facts))
                progress.end(report.line(row))


def _request(each: Subject, length: int, settings: Settings) -> dict[str, Any]:
    return {
        "part": each.part,
        "length": length,
        "batch_size": settings.batch_size,
        "repeats": settings.repeats,
        "jit": each.jit,
        "precision": each.precision,
        "backward": not settings.forward_only,
    }


def _row(each: Subject, length: int, settings: Settings, found: dict, peak: dict) -> dict[str, Any]:
    """What a child found, with the share of the machine's peak each pass reaches."""
    row = {"what": each.name, "length": length, "batch_size": settings.batch_size}
    row |= {"jit": each.jit, "precision": each.precision, **found}
    highest = peak.get("operations_per_second")
    for name, passes in PASSES.items():
        seconds = row.get(f"{name}_seconds")
        if seconds and highest:
            operations = 2 * passes * row["multiplications"]
            row[f"{name}_share_of_peak"] = operations / seconds / highest
    return row
