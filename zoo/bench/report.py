"""What a measurement leaves behind: a table, `bench.json` and `bench.png`."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zoo.bench.lengths import brief
from zoo.core.folders import write_file

JSON, PICTURE = "bench.json", "bench.png"
COLUMNS = ["what", "length", "forward", "with backward", "of peak", "memory", "kernel"]
WIDE, NARROWEST = 120, 12
"""Characters of a table in a file, and of a column of words."""
FIGURES = {
    "forward_seconds": "forward",
    "forward_backward_seconds": "forward + backward",
    "peak_bytes": "memory",
}


def finish(folder: Path, facts: dict[str, Any]) -> None:
    """Write everything and print the table of what there is, be it all or a part."""
    write_file(folder / JSON, as_json(facts))
    if not facts["rows"]:
        return
    from zoo.bench.picture import draw

    draw(folder / PICTURE, facts)
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    console.print(table(facts["rows"]))
    for line in growth(facts):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def as_json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def table(rows: list[dict[str, Any]]) -> Table:
    found = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        words = name in ("what", "kernel")
        least = NARROWEST if words else None
        justify = "left" if words else "right"
        found.add_column(name, justify=justify, no_wrap=not words, overflow="fold", min_width=least)
    for row in rows:
        found.add_row(*map(escape, cells(row)))
    return found


def cells(row: dict[str, Any]) -> list[str]:
    """What stands in a line of the table; what could not be measured says why."""
    share = row.get("forward_backward_share_of_peak") or row.get("forward_share_of_peak")
    return [
        row["what"],
        brief(row["length"]),
        duration(row.get("forward_seconds")),
        duration(row.get("forward_backward_seconds")),
        f"{100 * share:.3g} %" if share else "",
        size(row.get("peak_bytes")),
        row["kernel"] if row["status"] == "measured" else row["status"],
    ]


def line(row: dict[str, Any]) -> str:
    """A row in one line, for where there is no terminal."""
    return "  ".join(filter(None, cells(row)))


def growth(facts: dict[str, Any]) -> list[str]:
    """`full: forward grows as length^1.98, memory as length^1.02`."""
    found = []
    for what, powers in facts["growth"].items():
        known = [
            f"{FIGURES[figure]} as length^{power:.2f}"
            for figure, power in powers.items()
            if power is not None
        ]
        if known:
            found.append(f"{what}: growth of {', '.join(known)}")
    return found


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def size(num_bytes: int | None) -> str:
    if num_bytes is None:
        return ""
    return f"{num_bytes / 1e9:.2f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:.3g} MB"
