"""The picture of what a run attends to: a row for every head, a column for every token or line."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.folders import readable_errors
from zoo.results.attention import AttentionMap, Column

MOST_CHARACTERS = 48
SUPPORTS = "#d94801"
"""The colour of what an answer follows from."""
SIDE = 0.24
"""Inches of a cell."""
A_LETTER = 0.065


def draw(found: AttentionMap, file: Path) -> None:
    """A panel for every text that is looked at, PNG. What an answer follows from is coloured.
    Raises RunError for a file that cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels: dict[tuple[Column, ...], list[str]] = {}
    for name, columns in found.columns.items():
        panels.setdefault(tuple(columns), []).append(name)
    sizes = [_size(found, columns, names) for columns, names in panels.items()]
    width, heights = max(wide for wide, _ in sizes), [high for _, high in sizes]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained", dpi=130)
    grid = figure.add_gridspec(len(panels), 1, height_ratios=heights)
    for row, (columns, names) in enumerate(panels.items()):
        _panel(figure, figure.add_subplot(grid[row]), found, columns, names)
    if found.answer:
        figure.suptitle(f"answer: {found.answer}", fontsize=9)
    with readable_errors(file):
        FigureCanvasAgg(figure).print_png(str(file))


def _size(
    found: AttentionMap, columns: tuple[Column, ...], names: list[str]
) -> tuple[float, float]:
    """Inches to the right and down."""
    rows = sum(len(found.weights[name]) for name in names)
    letters = max(len(_short(column.text)) for column in columns)
    return 3.5 + SIDE * len(columns), 0.8 + SIDE * rows + A_LETTER * letters


def _panel(
    figure: Any, panel: Any, found: AttentionMap, columns: tuple[Column, ...], names: list[str]
) -> None:
    table = np.concatenate([found.by_column(name) for name in names])
    image = panel.imshow(table, "Blues", vmin=0, aspect="auto", interpolation="nearest")
    heads = [f"{name}, head {n}" for name in names for n in range(len(found.weights[name]))]
    panel.set_yticks(range(len(heads)), heads, fontsize=7)
    texts = [_short(column.text) for column in columns]
    ticks = panel.set_xticks(range(len(columns)), texts, fontsize=7, rotation=90)
    for tick, column in zip(ticks, columns):
        tick.label1.set_color(SUPPORTS if column.supports else "black")
        tick.label1.set_fontweight("bold" if column.supports else "normal")
    edges = np.cumsum([len(found.weights[name]) for name in names])[:-1]
    panel.hlines(edges - 0.5, -0.5, len(columns) - 0.5, "grey", linewidth=0.5)
    for place, column in enumerate(columns):
        if column.supports:
            edge = {"edgecolor": SUPPORTS, "facecolor": "none", "linewidth": 1}
            panel.add_patch(_rectangle((place - 0.5, -0.5), 1, len(table), **edge))
    figure.colorbar(image, ax=panel, label="mean weight", fraction=0.02)


def _rectangle(*where: Any, **how: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(*where, **how)


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
