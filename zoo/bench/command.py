"""The command `zoo bench`. What it needs is imported when it is run: `zoo --help` is quick."""

from pathlib import Path
from typing import Annotated

import typer


def bench(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT...",
            help="A recipe, an attention or a pattern; changed as in local:back=128 or "
            "multi_head:pattern=local,pattern.back=128.",
        ),
    ],
    lengths: Annotated[
        str, typer.Option(help="Such as 1000, 4k or doublings 1k..64k, joined by commas.")
    ] = "1k..8k",
    batch_size: Annotated[int, typer.Option()] = 1,
    num_heads: Annotated[int, typer.Option(help="Of kinds; a recipe has its own.")] = 8,
    head_dim: Annotated[int, typer.Option(help="Of kinds; a recipe has its own.")] = 64,
    hidden_dim: Annotated[
        int | None, typer.Option(help="Of kinds; by default num_heads times head_dim.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Runs of which the median counts.")] = 5,
    jit: Annotated[
        bool | None,
        typer.Option("--jit/--no-jit", help="Compile; by default as a recipe says, kinds always."),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="Such as mixed_bfloat16; by default as a recipe says, kinds float32."),
    ] = None,
    forward_only: Annotated[bool, typer.Option("--forward-only", help="No backward pass.")] = False,
    memory_limit: Annotated[
        float | None, typer.Option(help="GB one may hold; by default 85 % of what is free.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; by default bench/<what>.")] = None,
) -> None:
    """Measure time and memory as the text grows: each length in a process of its own."""
    from zoo.bench.lengths import parse
    from zoo.bench.settings import settings
    from zoo.bench.sweep import bench as measure

    chosen = settings(
        batch_size=batch_size,
        num_heads=num_heads,
        head_dim=head_dim,
        hidden_dim=hidden_dim,
        repeats=repeats,
        jit=jit,
        precision=precision,
        forward_only=forward_only,
        memory_limit=memory_limit,
    )
    print(f"Table, numbers and picture: {measure(what, parse(lengths), chosen, out)}")
