"""How fast a cost grows with the length: the exponent of a power law."""

from typing import Any

import numpy as np

FIGURES = ("forward_seconds", "forward_backward_seconds", "peak_bytes")


def exponent(lengths: list[int], costs: list[float]) -> float | None:
    """Least squares of log cost over log length for the larger half of the lengths; None when
    there are fewer than two."""
    order = np.argsort(lengths)[-max(2, -(-len(lengths) // 2)) :]
    if len(order) < 2:
        return None
    return float(np.polyfit(np.log(np.take(lengths, order)), np.log(np.take(costs, order)), 1)[0])


def exponents(rows: list[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """The exponent of each figure for everything that was measured, by name."""
    found = {}
    for what in dict.fromkeys(row["what"] for row in rows):
        mine = [row for row in rows if row["what"] == what and row["status"] == "measured"]
        found[what] = {}
        for figure in FIGURES:
            known = [(row["length"], row[figure]) for row in mine if (row.get(figure) or 0) > 0]
            found[what][figure] = exponent(*map(list, zip(*known))) if known else None
    return found
