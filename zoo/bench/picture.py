"""The picture of a measurement: time and memory against the length, both in powers."""

from pathlib import Path
from typing import Any

from zoo.bench.lengths import brief

TIMES = {
    "forward_backward_seconds": ("-", "forward + backward"),
    "forward_seconds": ("--", "forward"),
}


def draw(file: Path, facts: dict[str, Any]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained", dpi=120)
    time, memory = figure.subplots(1, 2)
    lengths = sorted({row["length"] for row in facts["rows"]})
    for number, (what, powers) in enumerate(facts["growth"].items()):
        rows = [row for row in facts["rows"] if row["what"] == what]
        colour = f"C{number}"
        for name, (style, words) in TIMES.items():
            _line(time, rows, name, colour, style, _label(f"{what}, {words}", powers[name]), 1)
        _missing(time, rows, colour)
        _line(memory, rows, "peak_bytes", colour, "-", _label(what, powers["peak_bytes"]), 1e6)
    _axes(time, lengths, "seconds")
    _axes(memory, lengths, "MB over the idle process")
    figure.suptitle(f"{facts['hardware']}, {facts['date'][:10]}", fontsize=9)
    FigureCanvasAgg(figure).print_png(str(file))


def _label(words: str, power: float | None) -> str:
    words = words.replace("$", r"\$")
    return words if power is None else f"{words}: length$^{{{power:.2f}}}$"


def _line(panel, rows, name, colour, style, label, unit) -> None:
    known = [(row["length"], row[name] / unit) for row in rows if row.get(name)]
    if known:
        panel.plot(*zip(*known), style, color=colour, marker="o", markersize=4, label=label)


def _missing(panel, rows, colour) -> None:
    """A cross at the upper edge for every length that could not be measured."""
    found = [row["length"] for row in rows if row["status"] != "measured"]
    at = panel.get_xaxis_transform()
    panel.plot(found, [1.0] * len(found), "x", color=colour, transform=at, clip_on=False)


def _axes(panel, lengths, unit) -> None:
    from matplotlib.ticker import NullLocator

    panel.set_xscale("log", base=2)
    panel.set_xticks(lengths, [brief(length) for length in lengths])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set(xlabel="length in tokens", ylabel=unit)
    panel.grid(alpha=0.3)
    if panel.get_legend_handles_labels()[0]:
        panel.set_yscale("log")
        panel.legend(fontsize=8)
