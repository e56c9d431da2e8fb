"""The command `zoo tokenize`. What it needs is imported when it is run: `zoo --help` is quick."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from zoo.core.errors import ZooError
from zoo.core.kinds import as_node, make
from zoo.recipe.command import Overrides, RecipeName, Tiny
from zoo.recipe.load import Resolved, load


def tokenize(
    recipe: RecipeName,
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write the token ids.")],
    overrides: Overrides = None,
    tiny: Tiny = False,
) -> None:
    """Write the text of a recipe as token ids, once: it may be larger than memory."""
    from zoo.data.sources.tokens import TOKENIZER

    resolved = load(recipe, overrides, tiny)
    counted, left_out = write(resolved, to)
    kind = as_node(resolved.tree["tokenizer"])["kind"]
    files = f"\n  tokenizer.path={to / TOKENIZER}" if (to / TOKENIZER).is_dir() else ""
    print(f"{to}: {counted['train']:,} tokens to train on, {counted['validation']:,} held out.")
    for told in left_out:
        print(f"Left out: {told}")
    print(f"A recipe with the tokenizer {kind} reads them with:")
    print(f"  data.source={{kind: tokens, path: {to}}}{files}")


def write(recipe: Resolved, folder: Path) -> tuple[dict[str, int], Sequence[str]]:
    """Write the text of a recipe as its tokenizer reads it. Returns the number of tokens of each
    split, and what could not be read. Raises ZooError for a folder that exists."""
    from zoo.data.sources import Source
    from zoo.data.store import store
    from zoo.recipe import build

    if os.path.lexists(folder):
        raise ZooError(f"{folder}: exists already, and is left as it is.")
    tokenizer = build.tokenizer(recipe)
    with build.at(recipe, "data", "source"):
        source = make(Source, recipe.tree["data"]["source"])
        return store(source, tokenizer, folder), source.left_out
