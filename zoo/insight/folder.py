"""The folder of an explanation: a page, and every picture in it as a file."""

from pathlib import Path

from zoo.core.folders import readable_errors
from zoo.insight import arcs, page, pictures
from zoo.insight.explain import Explanation


def write(found: Explanation, folder: Path) -> Path:
    """Write `index.html` and the pictures; returns the page. Raises RunError for a folder that
    cannot be written."""
    with readable_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    drawn = arcs.draw(found, folder)
    return page.write(found, [*pictures.draw_all(found, folder), *[drawn] * bool(drawn)], folder)
