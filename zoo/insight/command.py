"""The command `zoo explain`. What it needs is imported when it is run: `zoo --help` is quick."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.core import machine


def explain(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that `zoo train` wrote.")],
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="What the model is to read, or the file of a picture."),
    ] = None,
    to: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where to write index.html and the pictures.")
    ] = Path("explained"),
    document: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Take held-out document N instead, from 0."),
    ] = None,
    factors: Annotated[int, typer.Option(min=1, help="Factors of neurons.")] = 6,
    entries: Annotated[int, typer.Option(min=1, help="Entries of the dictionary.")] = 32,
    override: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Of the recipe, such as data.source.tasks=[3]."),
    ] = None,
) -> None:
    """Show what a run does with a text: attention, saliency, neurons, what hidden states are made
    of. A masked language model guesses what is written [MASK]. Of a picture: attention and
    saliency."""
    from zoo.recipe import backend

    backend.of_run(run)
    machine.start_backend()
    from zoo.insight.seen import sees

    told = _seen if sees(run, override) else _read
    print(told(run, text, document, override, to, factors, entries))


def _seen(run, file, document, override, to, *_) -> Path:
    from zoo.insight.seen import see
    from zoo.insight.seen_folder import write

    found = see(run, file, document, override)
    page = write(found, to)
    for one in found.spots:
        mean = one.given.mean(axis=0)
        row, column = divmod(int(mean.argmax()), mean.shape[1])
        share = f"{mean.max():.2f}, mean of {len(one.given)} heads"
        grid = f"row {row}, column {column} of {mean.shape[0]} × {mean.shape[1]}"
        print(f"{one.name}: most to {grid} ({share})")
    label, share = found.classes[0]
    print(f"predicted: {label!r} ({share:.1%})")
    if found.missing:
        print(f"no attention: {found.missing}")
    return page


def _read(run, text, document, override, to, factors, entries) -> Path:
    from zoo.insight.explain import explain as look
    from zoo.insight.folder import write

    found = look(run, text, document, override, factors, entries)
    page = write(found, to)
    for one in found.attention or []:
        side = found.read.sides[one.keys]
        mean = one.by_column(side).mean(axis=0)
        most = side.columns[int(mean.argmax())]
        mark = ", which supports the answer" if most.supports else ""
        share = f"{mean.max():.2f}, mean of {len(one.weights)} heads"
        print(f"{one.name}: most to {most.text!r}{mark} ({share})")
    if found.read.answer.size:
        print(f"answer: {found.read.answered()}")
    else:
        for target in found.targets:
            text, share = target.others[0]
            print(f"predicted: {text!r} ({share:.1%})")
    for part, why in found.missing.items():
        print(f"no {part}: {why}")
    return page
