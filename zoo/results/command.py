"""The commands `zoo report` and `zoo compare`. What they need is imported when they are
run: `zoo --help` is quick."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from zoo.core.errors import ZooError
from zoo.core.folders import readable_errors, room_for_picture, write_file


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="What to measure them by: a run, more if given again."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Draw pictures in that folder.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FILE.md", help="Put table and pictures into a file, too …"),
    ] = None,
    section: Annotated[
        str, typer.Option(metavar="NAME", help="… between <!-- NAME --> and <!-- end NAME -->.")
    ] = "report",
) -> None:
    """Tell what runs reached: a table in Markdown, and pictures, from their folders alone."""
    from zoo.results.pictures import draw
    from zoo.results.runs import opened
    from zoo.results.table import table

    found = [opened(run) for run in runs]
    text = table(found, [opened(run) for run in against or []])
    place = into and _place(into, section)
    pictures: Sequence[Path] = []
    if to:
        with readable_errors(to):
            to.mkdir(parents=True, exist_ok=True)
            pictures = draw(found, to, f"{section}_")
    if into and place:
        shown = [Path(os.path.relpath(picture, into.parent)) for picture in pictures]
        images = [f"![{one.stem.replace('_', ' ')}]({one.as_posix()})" for one in shown]
        _put(into, place, "\n\n".join([text, *images]))
    print(text)
    for picture in pictures:
        print(picture)


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of runs.")],
    to: Annotated[
        Path, typer.Option(metavar="FILE.png", help="Where to draw their curves.")
    ] = Path("runs/compare.png"),
) -> None:
    """Set runs beside each other: what was done otherwise, what came of it, and their curves."""
    from rich.console import Console
    from rich.table import Table

    from zoo.results.compare import beside, boards, draw
    from zoo.results.runs import opened

    if len(runs) < 2:
        raise ZooError(f"compare: found {runs[0]} alone, expected two runs or more.")
    room_for_picture(to, "--to")
    found = [opened(run) for run in runs]
    head, *rows = beside(found)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*row)
    Console().print(shown, markup=False)
    draw(found, to)
    print(f"{to}\n{boards(found)}")


def _place(file: Path, section: str) -> re.Match:
    """Where a section stands in a file. Raises ZooError for a file without it."""
    begin, end = f"<!-- {section} -->", f"<!-- end {section} -->"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    found = re.search(f"{re.escape(begin)}\n(.*?){re.escape(end)}", text, re.DOTALL)
    if not found:
        raise ZooError(f"{file}: has no lines {begin} and {end} to write between.")
    return found


def _put(file: Path, place: re.Match, text: str) -> None:
    whole = place.string[: place.start(1)] + text + "\n" + place.string[place.end(1) :]
    with readable_errors(file.parent):
        write_file(file, whole)
