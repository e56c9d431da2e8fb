"""Tables of numbers as pictures: a row and a column for each token, or what it belongs to."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.folders import readable_errors

SUPPORTS = "#d94801"
"""The colour of what an answer follows from."""
HIDDEN = "#d4d0c8"
"""The colour of what could not be looked at; a weight of 0 is white."""
MOST_CHARACTERS = 48
MOST_LABELS = 72
"""So many rows or columns are called by their names; of more, about so many are numbered."""
SIDE, A_LETTER = 0.2, 0.062
"""Inches of a cell, and of a letter beside it."""
LONGEST = 8.0
"""Inches of the cells of a table, at most."""


class Heat(NamedTuple):
    """A table to be drawn."""

    title: str
    table: np.ndarray
    """float `r c`"""
    rows: Sequence[str]
    columns: Sequence[str]
    unit: str
    """What the numbers are."""
    hidden: np.ndarray | None = None
    """bool `r c`, what is no number."""
    signed: bool = False
    """Whether numbers below 0 count: they are red, others blue."""
    supports: Sequence[bool] = ()
    """Which columns an answer follows from."""
    edge: int = 0
    """Where another text begins among the columns; 0 where there is one text."""
    axes: tuple[str, str] = ("", "")
    """What the rows are, and the columns."""

    def inner(self) -> tuple[float, float]:
        """Inches of the cells, to the right and down."""
        right, down = (min(LONGEST, max(0.35, SIDE * n)) for n in reversed(self.table.shape))
        return max(right, 1.5), down

    def around(self) -> tuple[float, float, float, float]:
        """Inches left of the cells, right of them, below and above."""
        left, below = _room(self.rows), _room(self.columns)
        named = [0.25 * bool(axis) for axis in self.axes]
        return left + named[0], 0.85, below + named[1], 0.35

    def outer(self) -> tuple[float, float]:
        """Inches of all, to the right and down."""
        left, right, below, above = self.around()
        title = 1.2 * A_LETTER * len(self.title)
        return left + max(self.inner()[0] + right, title), below + self.inner()[1] + above


def draw(heats: Sequence[Heat], file: Path, across: int = 1, note: str = "") -> None:
    """Tables in one picture, PNG, so many of them side by side. Raises RunError for a file that
    cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = [heats[begin : begin + across] for begin in range(0, len(heats), across)]
    right = max(sum(heat.outer()[0] for heat in line) for line in lines)
    downs = [max(heat.outer()[1] for heat in line) for line in lines]
    top = 0.1 + 0.2 * len(note.splitlines())
    figure = Figure(figsize=(max(right, 6.0), top + sum(downs)), dpi=110)
    for line, down in zip(lines, downs):
        x = 0.0
        for heat in line:
            _panel(figure, heat, x, top)
            x += heat.outer()[0]
        top += down
    if note:
        how = {"fontsize": 9, "verticalalignment": "top", "parse_math": False}
        figure.text(0.1 / figure.get_figwidth(), 1 - 0.06 / figure.get_figheight(), note, **how)
    with readable_errors(file), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a letter the font lacks is drawn as a box
        FigureCanvasAgg(figure).print_png(str(file))


def _panel(figure: Any, heat: Heat, x: float, y: float) -> None:
    """A table with its names, x inches from the left and y from the top."""
    from matplotlib.patches import Rectangle

    (width, height), (left, _, _, above) = heat.inner(), heat.around()
    panel = _axes(figure, x + left, y + above, width, height)
    top = max(float(np.abs(heat.table).max()), 1e-12)
    colours, least = ("RdBu", -top) if heat.signed else ("Blues", 0.0)
    shown = {"aspect": "auto", "interpolation": "nearest"}
    image = panel.imshow(heat.table, colours, vmin=least, vmax=top, **shown)
    if heat.hidden is not None and heat.hidden.any():
        over = np.zeros((*heat.hidden.shape, 4), "float32")
        over[heat.hidden] = [*(int(HIDDEN[i : i + 2], 16) / 255 for i in (1, 3, 5)), 1]
        panel.imshow(over, **shown)
    _name(panel.yaxis, heat.rows, rotation=0)
    for label, supports in zip(_name(panel.xaxis, heat.columns, rotation=90), heat.supports):
        label.set_color(SUPPORTS if supports else "black")
        label.set_fontweight("bold" if supports else "normal")
    for place in np.flatnonzero(heat.supports):
        edge = {"edgecolor": SUPPORTS, "facecolor": "none", "linewidth": 1}
        panel.add_patch(Rectangle((place - 0.5, -0.5), 1, len(heat.table), **edge))
    if heat.edge:
        panel.axvline(heat.edge - 0.5, color="black", linewidth=0.8)
    panel.set_ylabel(heat.axes[0], fontsize=8)
    panel.set_xlabel(heat.axes[1], fontsize=8)
    panel.set_title(heat.title, fontsize=9, parse_math=False, loc="left")
    beside = _axes(figure, x + left + width + 0.08, y + above, 0.1, min(height, 3.0))
    beside.tick_params(labelsize=6)
    figure.colorbar(image, cax=beside).set_label(heat.unit, fontsize=7)


def _axes(figure: Any, x: float, y: float, width: float, height: float) -> Any:
    """Room of so many inches, x from the left and y from the top."""
    right, down = figure.get_size_inches()
    return figure.add_axes((x / right, 1 - (y + height) / down, width / right, height / down))


def _name(axis: Any, names: Sequence[str], rotation: int) -> list[Any]:
    """Names, or numbers where there are too many; the labels."""
    if len(names) > MOST_LABELS:
        axis.set_tick_params(labelsize=7)
        return []
    texts = [_short(name) for name in names]
    how = {"fontsize": 7, "rotation": rotation, "parse_math": False}
    axis.set_ticks(range(len(names)), texts, **how)
    return axis.get_ticklabels()


def _room(names: Sequence[str]) -> float:
    """Inches for names beside a table."""
    if len(names) > MOST_LABELS:
        return 0.5
    return A_LETTER * max((len(_short(name)) for name in names), default=0) + 0.3


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
