"""The folder of a picture that was explained: a page, and the pictures in it as files."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.folders import readable_errors
from zoo.insight import page
from zoo.insight.seen import Seen, Spots

SHADE, DARKEST = (8, 16, 32), 0.8
"""The colour above what was not looked at, and how much of it; as on the server's page."""
MOST_HEADS = 8
INCHES = 1.7


def write(found: Seen, folder: Path) -> Path:
    """Write `index.html`, `predicted.png` and `attention.png`; returns the page. Raises RunError
    for a folder that cannot be written."""
    with readable_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    files = {"predicted": folder / "predicted.png"}
    _draw([_predicted(found)], files["predicted"], 1.8)
    if found.spots:
        files["attention"] = folder / "attention.png"
        _draw([_layer(found.pixels, one) for one in found.spots], files["attention"])
    return page.put(folder, f"{found.run}, explained", "\n".join(_body(found, files)))


def lit(pixels: np.ndarray, given: np.ndarray) -> np.ndarray:
    """A picture `y x c`, 0 to 255, darker where a grid, `y x`, was given less: uint8 `y x 3`."""
    height, width = pixels.shape[:2]
    rows = np.arange(height) * given.shape[0] // height
    columns = np.arange(width) * given.shape[1] // width
    light = given[rows[:, None], columns] / max(float(given.max()), 1e-30)
    dark = DARKEST * (1 - light)[..., None]
    return np.rint(pixels * (1 - dark) + np.array(SHADE) * dark).astype("uint8")


def _predicted(found: Seen) -> list[tuple[str, Any, str | None]]:
    """A row of pictures: a title, pixels or numbers, and the colours of numbers."""
    label, share = found.classes[0]
    return [
        (f"{label} {share:.1%}", np.rint(found.pixels).astype("uint8"), None),
        ("gradient × input", found.moved, "RdBu"),
    ]


def _layer(pixels: np.ndarray, one: Spots) -> list[tuple[str, Any, str | None]]:
    heads = [(f"head {head}", lit(pixels, given), None) for head, given in enumerate(one.given)]
    height, width = one.given.shape[1:]
    title = f"{one.name}\n{height} × {width}, mean"
    return [(title, lit(pixels, one.given.mean(axis=0)), None), *heads[:MOST_HEADS]]


def _draw(rows: list[list[tuple[str, Any, str | None]]], file: Path, size: float = 1.0) -> None:
    """Rows of pictures in one. Raises RunError for a file that cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    inches, across = INCHES * size, max(map(len, rows))
    figure = Figure(figsize=(inches * across + 0.3, (inches + 0.4) * len(rows)), dpi=110)
    for number, row in enumerate(rows):
        for place, (title, pixels, colours) in enumerate(row):
            panel = figure.add_subplot(len(rows), across, number * across + place + 1)
            top = float(np.abs(pixels).max()) or 1.0
            signed = {"cmap": colours, "vmin": -top, "vmax": top} if colours else {}
            grey = {} if colours or pixels.shape[-1] == 3 else {"cmap": "gray", "vmax": 255}
            panel.imshow(pixels, interpolation="nearest", **signed, **grey)
            panel.set_title(title, fontsize=8, loc="left", parse_math=False)
            panel.set_axis_off()
    figure.subplots_adjust(0.01, 0.01, 0.99, 1 - 0.35 / figure.get_figheight(), 0.08, 0.28)
    with readable_errors(file):
        FigureCanvasAgg(figure).print_png(str(file))


def _body(found: Seen, files: dict[str, Path]) -> Iterator[str]:
    yield f"<h1>{escape(found.run)}</h1><p>{escape(found.name)}</p>"
    rows = (
        f"<tr><td>{escape(name)}</td><td>{share:.1%}</td></tr>" for name, share in found.classes
    )
    yield f"<h2>What it is taken for</h2><table>{''.join(rows)}</table>"
    yield page.picture(files["predicted"])
    yield (
        "<p>Gradient × input: by how much the score of the likeliest class would move, to first "
        "order, were a pixel farther from the mean of the picture. Blue speaks for it, red against "
        "it.</p><h2>Where each head looks</h2>"
    )
    if not found.spots:
        yield f'<p class="why">There is no attention: {escape(found.missing)}</p>'
        return
    yield f"<p>Dark is what was not looked at by {found.by}.</p>{page.picture(files['attention'])}"
