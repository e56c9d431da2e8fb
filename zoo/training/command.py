"""The commands `zoo average`, `zoo baseline` and `zoo recl`. What they need is imported when they
are run: `zoo --help` is quick."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.core import machine
from zoo.core.errors import ZooError
from zoo.recipe.command import Overrides, RecipeName, Tiny


def average(
    checkpoints: Annotated[
        list[Path],
        typer.Argument(
            metavar="CKPT...",
            help="Steps such as runs/x/checkpoints/step_00000100, presets, runs; or one run.",
        ),
    ],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write the preset.")],
    last: Annotated[
        int | None, typer.Option(metavar="N", help="The last N steps that one run keeps.")
    ] = None,
) -> None:
    """Average the weights of checkpoints: one model, often better than the last of them."""
    from zoo.recipe import backend
    from zoo.training.average import average as write
    from zoo.training.average import chosen

    if os.path.lexists(to):
        raise ZooError(f"{to}: exists already, and is left as it is.")
    folders = chosen(checkpoints, last)
    backend.of_run(checkpoints[0])
    machine.start_backend()
    model = write(folders, to)
    print(f"{to}: the mean of {len(folders)} checkpoints, {model.count_params():,} parameters")


def baseline(
    recipe: RecipeName,
    overrides: Overrides = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Such as majority or '{kind: bag_of_words, longest_run: 3}'. [what fits]",
        ),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder to write. [runs/<recipe>_<kind>]")
    ] = None,
    tiny: Tiny = False,
) -> None:
    """Measure a simple yardstick on the documents of a recipe: is its model worth the trouble?"""
    from zoo.recipe.load import load
    from zoo.training.baseline import baseline as measure

    facts, folder = measure(load(recipe, overrides, tiny), run, kind)
    found = {name: x for name, x in facts["validation"].items() if name != "tokens"}
    reached = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
    over = f"over {facts['held_out']:,} documents"
    print(f"{facts['recipe']}: {facts['baseline']['kind']}, {reached}, {over}.\nReport: {folder}")


def recl(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="The models to compare: one, or more.")
    ],
    step: Annotated[int, typer.Option(help="Tokens by which the context grows.")] = 100,
    longest: Annotated[int, typer.Option(help="Tokens of the longest context.")] = 1000,
    positions: Annotated[int, typer.Option(min=1, help="Tokens to predict.")] = 1000,
    batch_size: Annotated[int, typer.Option(min=1)] = 16,
    threshold: Annotated[float, typer.Option(help="The gain below which more is no use.")] = 0.01,
) -> None:
    """Measure how much context models make use of, on their validation text (Dai et al. 2019)."""
    from zoo.recipe import backend
    from zoo.training.recl import RATIOS, steps
    from zoo.training.recl import recl as measure

    contexts = steps(step, longest)
    backend.of_run(runs[0])
    machine.start_backend()
    facts = measure(runs, contexts, positions, batch_size, RATIOS, threshold)
    for name, found in facts["models"].items():
        _show(name, contexts, found)


def _show(name: str, contexts: list[int], found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("context", "loss", *(f"gain, r {ratio}" for ratio in found["gains"])):
        table.add_column(column, justify="right", no_wrap=True)
    for place, context in enumerate(contexts):
        of = (gained[place - 1] for gained in found["gains"].values() if place)
        row = [f"{found['losses'][place]:.4f}", *(f"{100 * gain:.2f} %" for gain in of)]
        table.add_row(f"{context:,}", *row)
    print(f"{name}: nats a token, and what the step to each context gains")
    Console(width=80).print(table)
    for ratio, length in found["recl"].items():
        more = " or more" if length["at_least"] else ""
        print(f"RECL, r {ratio}: {length['tokens']:,} tokens{more}")
