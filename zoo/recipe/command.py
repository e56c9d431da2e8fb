"""What `zoo list` and `zoo copy` do: show what there is, and hand out recipes."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from zoo.core import schema
from zoo.core.errors import ZooError, suggest
from zoo.core.kinds import PACKAGE, kinds
from zoo.recipe.load import available, locate

RecipeName = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A name from `zoo list`, or a file.")
]

Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE | ~KEY]...", help="Changes to the recipe.")
]
Tiny = Annotated[
    bool, typer.Option("--tiny", help="The recipe's toy sizes: the same walk, in seconds.")
]

SHELVES = {
    "attention": "attention",
    "patterns": "attention/patterns",
    "kernels": "attention/kernels",
    "embeddings": "embeddings",
    "positions": "positions",
    "blocks": "blocks",
    "image_blocks": "blocks/image",
    "backbones": "backbones",
    "tasks": "tasks",
    "tokenizers": "tokenizers",
    "orders": "orders",
    "metrics": "metrics",
    "search": "generation/search",
    "baselines": "baselines",
    "sources": "data/sources",
    "batching": "data/batching",
    "augmentation": "data/augmentation",
    "optimizers": "training/optimizers",
    "schedules": "training/schedules",
    "distributions": "training/distribution",
    "formats": "serving/formats",
}


def list_(
    what: Annotated[
        str, typer.Argument(help="recipes, architectures, or a shelf of kinds.")
    ] = "recipes",
) -> None:
    """List recipes, architectures, or the kinds on a shelf: attention, patterns, positions, …"""
    known = ["recipes", "architectures", *SHELVES]
    if what not in known:
        raise ZooError(f"list: there is no {what!r}. {suggest(what, known)}")
    if what in SHELVES:
        shelf = SHELVES[what]
        rows = {kind: schema.of_kind(shelf, kind).doc for kind in kinds(shelf)}
    else:
        rows = {name: _first_comment(file) for name, file in _pages(what).items()}
    width = max(map(len, rows), default=0)
    for name, text in rows.items():
        print(f"{name:<{width}}  {text}")


def _pages(what: str) -> dict[str, Path]:
    if what == "recipes":
        return available()
    return {file.stem: file for file in sorted((PACKAGE / "architectures").glob("*.yaml"))}


def _first_comment(file: Path) -> str:
    return file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#").strip()


def copy(
    recipe: RecipeName,
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
) -> None:
    """Copy a recipe, to edit it."""
    if file.is_dir():
        file = file / locate(recipe).name
    if file.exists():
        raise ZooError(f"{file}: exists already, and is left as it is.")
    try:
        shutil.copyfile(locate(recipe), file)
    except OSError as wrong:
        raise ZooError(f"{file}: cannot be written: {wrong.strerror}.") from wrong
    print(file)
