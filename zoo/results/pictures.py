"""Runs as lines in a picture: against tokens seen, against context, against an option."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.results.figures import SAID, told
from zoo.results.runs import Run

Line = tuple[str, list[float], list[float]]
"""A name, and what lies right and up."""


def draw(runs: Sequence[Run], folder: Path, prefix: str = "") -> list[Path]:
    """Every picture that there is something to draw for; the files written."""
    lengths = dict.fromkeys(trained(run) for run in runs)
    wanted: list[tuple[str, list[Line], dict[str, Any]]] = [
        ("loss", list(map(_against_tokens, runs)), _axes("million tokens seen", "nats a token")),
        (
            "context",
            [_against_context(run) for run in runs if run.contexts],
            {
                **_axes("tokens before it", "nats a token", xscale="log"),
                "trained": [length for length in lengths if length],
            },
        ),
        *((name, *found) for name, found in _against_options(runs).items()),
    ]
    written = []
    for name, lines, axes in wanted:
        if drawn := [line for line in lines if len(line[1]) > 1]:
            written.append(folder / f"{prefix}{name}.png")
            _draw(written[-1], drawn, axes)
    return written


def _axes(right: str, up: str, **more: Any) -> dict[str, Any]:
    return {"xlabel": right, "ylabel": up, **more}


def _against_tokens(run: Run) -> Line:
    """Validation loss against the tokens it took."""
    per_step = run.report.get("tokens_seen", 0) / max(1, run.report.get("step", 1)) / 1e6
    rows = [row for row in run.log if row.get("validation_loss")]
    right = [float(row["step"]) * per_step for row in rows]
    return run.name, right, [float(row["validation_loss"]) for row in rows]


def _against_context(run: Run) -> Line:
    """Loss of the same tokens against how many before them were read."""
    facts = run.contexts or {}
    mine = next(of for name, of in facts["models"].items() if Path(name).name == run.name)
    return run.name, facts["contexts"], mine["losses"]


def trained(run: Run) -> int | None:
    """How many tokens a row had that a run was trained on, or a segment."""
    batching = run.tree["data"]["batching"]
    return batching.get("sequence_length", batching.get("segment_length"))


def _against_options(runs: Sequence[Run]) -> dict[str, tuple[list[Line], dict[str, Any]]]:
    """By the last word of the first option that evaluations changed, where it is a number or a list
    of one: lines of the first figure told of each; where that is how many are right, how likely
    they were is another picture."""
    found: dict[str, dict[str, dict[float, dict[str, float]]]] = {}
    for run in runs:
        for one in (one for one in run.evaluations if not one.batches):
            key, _, value = one.overrides[0].partition("=") if one.overrides else ("", "", "")
            if (number := _number(value)) is not None:
                found.setdefault(key, {}).setdefault(run.name, {})[number] = one.found
    pictures = {}
    for key, by_run in found.items():
        names = any(
            f"{key}=[" in one for run in runs for e in run.evaluations for one in e.overrides
        )
        first, *others = told(next(iter(next(iter(by_run.values())).values())))
        option = key.rpartition(".")[2]
        wanted = {first: option}
        if first == "accuracy":
            wanted |= {figure: f"{option}_{figure}" for figure in others}
        for figure, picture in wanted.items():
            said = SAID[figure]
            lines = [
                (run, sorted(of), [said.times * of[x].get(figure, math.nan) for x in sorted(of)])
                for run, of in by_run.items()
            ]
            up = said.words.replace("{}", "").strip()
            pictures[picture] = lines, _axes(key, up, **_along(lines, names))
    return pictures


def _along(lines: Sequence[Line], names: bool) -> dict[str, Any]:
    """How places lie: numbers in lists are names, which have no line between them. Others lie on a
    logarithmic axis where they grow by more than a factor of ten."""
    right = [x for _, places, _ in lines for x in places]
    if names:
        return {"apart": sorted(set(right))}
    return {"xscale": "log" if min(right) > 0 and max(right) > 10 * min(right) else "linear"}


def _number(text: str) -> float | None:
    try:
        return float(text.strip("[]").replace("_", ""))
    except ValueError:
        return None


def _draw(file: Path, lines: Sequence[Line], axes: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    trained, apart = axes.pop("trained", []), axes.pop("apart", [])
    figure, plot = pyplot.subplots(figsize=(8, 4), layout="constrained")
    for name, right, up in lines:
        if apart:
            plot.plot(right, up, "o", label=name)
        else:
            plot.plot(right, up, marker="o", markersize=3, label=f"{name} ({up[-1]:.3g})")
    for length in trained:
        plot.axvline(length, linestyle="--", color="gray", linewidth=1, label=f"trained: {length}")
    plot.set(**axes)
    if apart:
        plot.set_xticks(apart)
        plot.set_ylim(bottom=0)
    if axes.get("xscale") == "log":
        places = sorted({x for _, right, _ in lines for x in right})
        plot.set_xticks(places, [f"{x:,.0f}" for x in places], rotation=45, ha="right")
        plot.minorticks_off()
    plot.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    figure.savefig(file, dpi=120)
    pyplot.close(figure)
