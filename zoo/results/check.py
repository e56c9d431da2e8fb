"""The command `zoo check`. What it needs is imported when it is run: `zoo --help` is quick."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from zoo.core import folders, machine
from zoo.recipe.command import Overrides, RecipeName, Tiny


def check(
    recipe: RecipeName,
    overrides: Overrides = None,
    tiny: Tiny = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw who sees whom, layer by layer and in all."),
    ] = None,
    equality: Annotated[
        bool, typer.Option("--equality", help="Also: is it the same however a text is cut?")
    ] = False,
    overfit: Annotated[
        bool, typer.Option("--overfit", help="Also: can it learn one batch by heart?")
    ] = False,
    accelerator: Annotated[
        Literal["tpu", "gpu"] | None,
        typer.Option(help="Also: what would a step of it be there? Compiled here, by XLA."),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also: where is the loss lost that left this folder?"),
    ] = None,
) -> None:
    """Check a recipe, its text and its model without training: sizes, or all that is wrong."""
    from zoo.recipe import backend, build
    from zoo.recipe.load import load

    if picture:
        folders.room_for_picture(picture, "--picture")
    if replay:
        folders.verify(replay)
    resolved = load(recipe, overrides, tiny)
    backend.choose(resolved)
    build.text(resolved)
    build.distillation(resolved)
    build.evaluation(resolved)
    machine.start_backend()
    from zoo.recipe.check import describe

    facts = describe(resolved, picture)
    if equality:
        from zoo.recipe.equality import equality as compare

        facts |= compare(resolved)
    if overfit:
        from zoo.training.overfit import overfit as learn

        facts |= learn(resolved)
    if accelerator:
        from zoo.training.accelerator import examine

        facts |= examine(resolved, accelerator)
    if replay:
        from zoo.training.replay import replay as look

        facts |= look(replay, resolved)
    width = max(map(len, facts))
    for name, text in facts.items():
        print(f"{name:<{width}}  {text}")
