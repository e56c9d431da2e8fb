"""Pictures, and frames around what is in them and what a model sees in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.objects import Seen, seen
from zoo.recipe import build
from zoo.recipe.load import Resolved

FILE = "answers.png"
A_ROW, MOST = 4, 16
"""Pictures side by side, and in all."""
LETTERS = 0.06
"""How high a line of letters is, as a share of a picture."""
SURE = 0.5
"""What a model is less sure of is not framed."""


class Framed(NamedTuple):
    image: np.ndarray
    """uint8 `y x c`"""
    there: list[Seen]
    said: list[Seen]


def draw(recipe: Resolved, documents: Sequence[Any], found: Sequence[Any], file: Path) -> None:
    """Draw the first documents of a recipe of boxes, and their answers. Raises ZooError."""
    batching, pictures = build.batching(recipe), []
    for document, answer in zip(documents[:MOST], found):
        read = document.data[: document.answers[-1][0]]
        image = np.asarray(batching.pixels(read, document.name))
        there, said = seen(answer.expected, "it"), seen(answer.written, "it", scored=True)
        pictures.append(Framed(image, there, [one for one in said if one.score >= SURE]))
    _figure(pictures).savefig(file, dpi=110)


def _figure(pictures: Sequence[Framed]) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(pictures) // A_ROW)
    figure = Figure(figsize=(2.2 * A_ROW, 2.3 * rows + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, A_ROW, squeeze=False).ravel()
    for panel in panels:
        panel.axis("off")
    for panel, (image, there, said) in zip(panels, pictures):
        image = image.astype("uint8")
        panel.imshow(image if image.shape[-1] > 1 else image[..., 0], cmap="gray")
        for one in there:
            _frame(panel, one, image.shape, color="white", linestyle="--")
        for one in said:
            _frame(panel, one, image.shape, color="black")
            text = f"{one.label} {one.score:.2f}"
            left, top = (one.box[0] - one.box[2] / 2), (one.box[1] - one.box[3] / 2)
            where = left * image.shape[1], max(top - 0.02, LETTERS) * image.shape[0]
            panel.text(*where, text, size=6, backgroundcolor="white", clip_on=True)
    figure.suptitle("white: what is there; black: what the model is sure of", size=9)
    return figure


def _frame(panel: Any, one: Seen, shape: tuple, **style: Any) -> None:
    """The box of an object on a picture of a shape, `y x c`."""
    from matplotlib.patches import Rectangle

    (x, y, width, height), (rows, columns, _) = one.box, shape
    corner = (x - width / 2) * columns - 0.5, (y - height / 2) * rows - 0.5
    sizes = width * columns, height * rows
    panel.add_patch(Rectangle(corner, *sizes, fill=False, linewidth=1.2, **style))
