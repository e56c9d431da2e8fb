"""Pictures of notes: time to the right, pitch upwards."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.music.notes import Notes

INCHES_A_SECOND, NARROWEST, WIDEST = 0.35, 6.0, 40.0
OCTAVE = 12
MIDDLE = 4
"""The octave of the pitch 60."""


def draw(notes: Notes, file: str | Path | None = None) -> Any:
    """Notes in seconds as bars, a colour for each voice, the harder they are struck the darker, as
    a matplotlib figure. Written to `file` as PNG, when given."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    seconds = float(max(notes.end, default=1.0))
    width = float(np.clip(INCHES_A_SECOND * seconds, NARROWEST, WIDEST))
    figure = Figure(figsize=(width, 3.6), layout="constrained", dpi=110)
    panel = figure.add_subplot(xlabel="seconds")
    paint(panel, notes)
    canvas = FigureCanvasAgg(figure)
    if file:
        canvas.print_png(str(file))
    return figure


def paint(panel: Any, notes: Notes) -> None:
    """The same into axes of matplotlib."""
    from matplotlib import colormaps

    panel.set_xlim(0, float(max(notes.end, default=1.0)))
    colours = colormaps["tab10"](notes.voice % 10)
    colours[:, 3] = 0.3 + 0.7 * notes.velocity / 127
    panel.barh(notes.pitch, notes.end - notes.start, 0.9, notes.start, color=colours)
    low, high = (f(notes.pitch, default=60) for f in (min, max))
    panel.set_ylim(low - 2, high + 2)
    whole = [p for p in range(128) if p % OCTAVE == 0 and low - 2 <= p <= high + 2]
    panel.set_yticks(whole, [f"C{p // OCTAVE - 60 // OCTAVE + MIDDLE}" for p in whole])
    panel.grid(axis="y", linewidth=0.4)
