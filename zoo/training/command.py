"""The command `zoo average`. What it needs is imported when it is run: `zoo --help` is quick."""

import os
from pathlib import Path
from typing import Annotated

import typer

from zoo.core import machine
from zoo.core.errors import ZooError


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
    from zoo.training.average import average as write
    from zoo.training.average import chosen

    if os.path.lexists(to):
        raise ZooError(f"{to}: exists already, and is left as it is.")
    folders = chosen(checkpoints, last)
    machine.start_backend()
    model = write(folders, to)
    print(f"{to}: the mean of {len(folders)} checkpoints, {model.count_params():,} parameters")
