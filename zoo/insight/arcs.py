"""Which notes a note attends to: arcs over a piano roll, as the Music Transformer is shown (Huang
et al. 2018, arXiv:1809.04281)."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.folders import readable_errors
from zoo.insight.attention import Looked
from zoo.insight.explain import Explanation
from zoo.music.roll import paint
from zoo.tokenizers._music import Music

NUM_ARCS = 12
"""From each note that is shown, over all heads of a layer: the strongest."""
SHARES = (0.5, 1.0)
"""How far into the piece the notes stand whose looks are shown."""
PANEL, WIDE = 2.6, 14.0
"""Inches."""


def draw(found: Explanation, folder: Path) -> Path | None:
    """`arcs.png`: a panel for every layer, a colour for every head; None for what is no music, or
    has no attention. Raises RunError for a folder that cannot be written."""
    tokenizer, (side, *_) = found.read.tokenizer, found.read.sides
    if not isinstance(tokenizer, Music) or not found.attention:
        return None
    seconds, pitch = tokenizer.places(side.token_ids[1:])  # behind the token of the start
    notes = np.flatnonzero(~np.isnan(pitch))
    if not notes.size:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = WIDE, PANEL * len(found.attention)
    figure = Figure(figsize=size, layout="constrained", dpi=110)
    panels = figure.subplots(len(found.attention), squeeze=False, sharex=True)[:, 0]
    heard, _ = tokenizer.notes(side.token_ids[1:])
    for panel, one in zip(panels, found.attention):
        paint(panel, heard._replace(voice=np.full_like(heard.voice, 7)))  # grey
        panel.set_title(f"{one.name}: the strongest looks of {len(one.weights)} heads, at notes")
        for share in SHARES:
            asking = notes[min(int(share * notes.size), notes.size - 1)]
            _arcs(panel, one, asking, notes, seconds, pitch)
    panels[-1].set_xlabel("seconds")
    with readable_errors(folder):
        FigureCanvasAgg(figure).print_png(str(folder / "arcs.png"))
    return folder / "arcs.png"


def _arcs(
    panel: Any, one: Looked, asking: int, notes: np.ndarray, seconds: np.ndarray, pitch: np.ndarray
) -> None:
    """From a note to those it gives most to."""
    from matplotlib import colormaps
    from matplotlib.patches import FancyArrowPatch

    before = notes[notes < asking]
    given = one.weights[:, asking + 1, before + 1]
    order = np.argsort(-given, axis=None)[:NUM_ARCS]
    for head, place in zip(*np.unravel_index(order, given.shape)):
        weight, note = float(given[head, place]), before[place]
        arc = FancyArrowPatch(
            (seconds[note], pitch[note]),
            (seconds[asking], pitch[asking]),
            connectionstyle="arc3,rad=-0.12",
            arrowstyle="-",
            linewidth=0.5 + 4 * weight,
            color=colormaps["tab10"](int(head) % 10),
            alpha=0.35 + 0.65 * min(1.0, weight / float(given.max())),
        )
        panel.add_patch(arc)
    panel.plot(seconds[asking], pitch[asking], "o", color="black", markersize=4)
