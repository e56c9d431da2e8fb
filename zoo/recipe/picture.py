"""The picture of a recipe's patterns: who sees whom in each distinct layer and group of heads, and
what reaches each place through all layers."""

from pathlib import Path
from typing import Any

import numpy as np

from zoo.attention import Attention
from zoo.attention.along_edges import AlongEdges
from zoo.attention.patterns import Pattern
from zoo.attention.patterns._draw import _panel as draw_panel
from zoo.attention.patterns._draw import _table as table_of
from zoo.core.errors import ZooError
from zoo.core.folders import readable_errors
from zoo.core.kinds import to_config
from zoo.recipe.layers import distinct, named

MOST_SEGMENTS = 6
A_ROW = 4
"""Panels side by side."""

Panels = list[tuple[str, np.ndarray]]


class Remembered(Pattern):
    """A pattern over a text that is read in segments: a query sees the keys of its own segment, and
    the `memory` places before that."""

    def __init__(self, pattern: Any, segment: int, memory: int):
        self.pattern, self.segment, self.memory = pattern, segment, memory
        self.by_head, self.block_size = pattern.by_head, pattern.block_size

    def allowed(self, query, key, head=0):
        return self.pattern.allowed(query, key, head) & (key >= self._first(query))

    def some(self, box, head=0):
        return self.pattern.some(box, head) & (box.key_last >= self._first(box.query_first))

    def _first(self, query):
        return query // self.segment * self.segment - self.memory


def draw(layers: list[Attention], length: int, file: Path) -> None:
    """Draw the attention layers of a model, in order, at a length. Raises ZooError for a pattern
    that cannot be drawn, RunError for a file that cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not layers:
        raise ZooError(f"{file}: nothing to draw, this model has no attention.")
    found, size = panels(layers, length)
    rows, columns = -(-len(found) // A_ROW), min(A_ROW, len(found))
    dots = max(120, max(len(table) for _, table in found) // 3)
    figure = Figure(figsize=(4.5 * columns, 4.8 * rows), layout="constrained", dpi=dots)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in axes[len(found) :]:
        panel.set_axis_off()
    for panel, (title, table) in zip(axes, found):
        draw_panel(panel, title, table, size)
    with readable_errors(file):
        FigureCanvasAgg(figure).print_png(str(file))


def panels(layers: list[Attention], length: int) -> tuple[Panels, int]:
    """Titles and tables, uint8 `q k`, and the number of places drawn: several segments where
    anything is remembered."""
    size, found, steps = _size(layers, length), [], {}
    for numbers, layer in distinct(layers):
        tables = _tables(layer, length, size)
        steps |= dict.fromkeys(numbers, np.max(tables, axis=0))
        found += _by_head(named("layer", numbers), layer, tables)
    if len(layers) > 1:
        through = reached([steps[number] for number in range(len(layers))])
        found.append((f"through all {len(layers)} layers", through))
    return found, size


def _size(layers: list[Attention], length: int) -> int:
    """Places to draw: as many segments as the memories of all layers together reach over."""
    reach = sum(-(-(layer.memory_length or 0) // length) for layer in layers)
    return length * (1 + min(reach, MOST_SEGMENTS - 1))


def _tables(layer: Attention, length: int, size: int) -> list[np.ndarray]:
    if isinstance(layer, AlongEdges):
        raise ZooError("the pattern cannot be drawn: it is the edges of each graph.")
    pattern = layer.seen.sized(size if layer.memory_length is None else None)
    if size > length:
        pattern = Remembered(pattern, length, layer.memory_length or 0)
    try:
        heads = range(layer.num_heads if pattern.by_head else 1)
        return [table_of(pattern, size, head) for head in heads]
    except ValueError as wrong:
        raise ZooError(f"the pattern cannot be drawn: {wrong}") from wrong


def _by_head(where: str, layer: Attention, tables: list[np.ndarray]) -> Panels:
    """A panel for each group of heads that see the same."""
    groups: dict[bytes, list[int]] = {}
    for head, table in enumerate(tables):
        groups.setdefault(table.tobytes(), []).append(head)
    title = f"{where}: {to_config(layer.pattern)['kind']}"
    if len(groups) == 1:
        return [(title, tables[0])]
    return [(f"{title}, {named('head', of)}", tables[of[0]]) for of in groups.values()]


def reached(steps: list[np.ndarray]) -> np.ndarray:
    """What reaches each place of the last layer through all of them, first layer first: every layer
    keeps a place itself."""
    side = min(map(len, steps))
    through = np.eye(side, dtype="float32")
    for step in steps:
        step = np.maximum(_shrunk(step, side) > 0, np.eye(side)).astype("float32")
        through = (step @ through > 0).astype("float32")
    return 2 * through.astype("uint8")


def _shrunk(table: np.ndarray, side: int) -> np.ndarray:
    """A table of fewer, larger tiles: seen where anything in one is."""
    if len(table) == side:
        return table
    place = np.arange(len(table)) * side // len(table)
    found = np.zeros((side, side), table.dtype)
    np.maximum.at(found, (place[:, None], place[None]), table)
    return found
