"""The command `zoo check`. What it needs is imported when it is run: `zoo --help` is quick."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from zoo.core import folders, machine
from zoo.core.errors import ZooError
from zoo.recipe.command import Overrides, Tiny


def check(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A name from `zoo list`, a file, or a run.")
    ],
    overrides: Overrides = None,
    tiny: Tiny = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw who sees whom, layer by layer and in all."),
    ] = None,
    equality: Annotated[
        bool,
        typer.Option("--equality", help="Also: is it the same in parts, cached and exported?"),
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
    """Check a recipe, its text and its model without training: sizes, or all that is wrong. Of a
    run, its model as it was trained."""
    from zoo.recipe import backend, build

    if picture:
        folders.room_for_picture(picture, "--picture")
    if replay:
        folders.verify(replay)
    run = Path(recipe) if Path(recipe, "recipe.yaml").is_file() else None
    resolved = _resolved(recipe, run, overrides, tiny)
    backend.choose(resolved)
    build.text(resolved)
    build.distillation(resolved)
    build.evaluation(resolved)
    machine.start_backend()
    from zoo.recipe.check import describe

    facts = describe(resolved, picture)
    if equality:
        facts |= _compared(resolved, run)
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


def _resolved(recipe: str, run: Path | None, overrides: Overrides, tiny: bool) -> Any:
    from zoo.recipe import backend
    from zoo.recipe.load import load

    if run is None:
        return load(recipe, overrides, tiny)
    if tiny:
        raise ZooError(f"--tiny: {run} is a run, which has its sizes.")
    backend.of_run(run, overrides)
    from zoo.training.run import resolve  # imports Keras

    return resolve(run, overrides)


def _compared(recipe: Any, run: Path | None) -> dict[str, str]:
    from zoo.recipe import build
    from zoo.recipe.equality import equality
    from zoo.results.exported import exported
    from zoo.training.run import load_task

    trained = load_task(run, recipe) if run else None
    found = equality(recipe, trained)
    return found | exported(recipe, trained or build.task(recipe, compile=False))
