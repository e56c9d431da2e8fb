"""Pictures of patterns."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.attention.patterns._tiles import Grid
from zoo.core.kinds import make

MOST_PLACES = 2048
"""How long a text may be for every pair of places to be drawn."""
TILE = 64
"""The size of the tiles drawn of longer texts, where the pattern has no blocks of its own."""
COLOURS = ["white", "#9ecae1", "#08519c"]
"""Of what is not seen, of tiles seen in part, and of what is seen."""


def draw(
    pattern: Any, length: int, file: str | Path | None = None, heads: int = 1, layers: int = 1
) -> Any:
    """Who sees whom in a text of `length` places, as a matplotlib figure: a panel for each of
    `heads` heads, and for `layers` above 1 another with all that reaches a place through so many
    layers. In long texts a pixel is a tile of places. Written to `file` as PNG, when given.

    What is only told when a model is called, such as `global_mask`, is not drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from zoo.attention.patterns import Pattern

    made = make(Pattern, pattern)
    name, made = type(made).__module__.rpartition(".")[2], made.sized(length)
    tables = [_table(made, length, head) for head in range(heads)]
    titles = [f"{name}, head {head}" if heads > 1 else name for head in range(heads)]
    if layers > 1:
        tables.append(_reached(np.max(tables, axis=0), layers))
        titles.append(f"{name}, reached in {layers} layers")
    dots = max(120, len(tables[0]) // 3)  # no fewer than there are tiles, or lines are lost
    figure = Figure(figsize=(4.5 * len(tables), 4.8), layout="constrained", dpi=dots)
    for panel, title, table in zip(
        figure.subplots(1, len(tables), squeeze=False)[0], titles, tables
    ):
        _panel(panel, title, table, length)
    canvas = FigureCanvasAgg(figure)
    if file:
        canvas.print_png(str(file))
    return figure


def _table(pattern, length, head):
    """uint8 `q k`, or `n n` tiles: 0 where nothing is seen, 2 where all is, else 1."""
    place = np.arange(length)
    if length <= MOST_PLACES:
        return 2 * pattern.allowed(place[:, None], place[None], head).astype("uint8")
    grid = Grid(pattern.block_size or TILE, length, length)
    found = pattern.tiles(grid, head)
    side = -(-grid.rows() // MOST_PLACES)
    table = np.zeros((-(-grid.rows() // side),) * 2, "uint8")
    np.maximum.at(table, (found.row // side, found.column // side), 1 + found.whole)
    return table


def _reached(table, layers):
    """What reaches each place through several layers that all keep the place itself."""
    step = np.maximum(table > 0, np.eye(len(table))).astype("float32")
    reached = step
    for _ in range(layers - 1):
        reached = (reached @ step > 0).astype("float32")
    return 2 * reached.astype("uint8")


def _panel(panel, title, table, length):
    from matplotlib.colors import ListedColormap

    edges = (-0.5, length - 0.5, length - 0.5, -0.5)
    colours = ListedColormap(COLOURS)
    panel.imshow(table, colours, vmin=0, vmax=2, extent=edges, interpolation="nearest")
    tile = -(-length // len(table))
    unit = "pairs" if tile == 1 else f"tiles of {tile}"
    panel.set_title(f"{title}\n{(table > 0).mean():.1%} of {unit}", fontsize=10)
    panel.set_xlabel("key")
    panel.set_ylabel("query")
