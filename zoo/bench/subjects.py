"""What is measured: a recipe's backbone, or an attention or a pattern by itself.

Written `NAME`, or `NAME:key=value,key=value` with the overrides of a recipe: `local:back=128`,
`multi_head:pattern.kind=local,pattern.back=128`, `quickstart:model.num_layers=2`.
"""

import os
import re
from dataclasses import dataclass
from typing import Any

from zoo.bench.settings import Settings
from zoo.core.check import check, dotted
from zoo.core.errors import ZooError, shown, suggest
from zoo.core.kinds import kinds
from zoo.core.schema import Node
from zoo.recipe.load import _apply_all as apply_all
from zoo.recipe.load import available, load

SHELVES = ("attention", "attention/patterns")
DEFAULT_PRECISION = "float32"


@dataclass(frozen=True)
class Subject:
    """`part` is what a child process builds: `{layer, hidden_dim}` or `{recipe}`, plain data."""

    name: str
    part: dict[str, Any]
    jit: bool
    precision: str


def subject(what: str, settings: Settings) -> Subject:
    """What is written, checked against the schema. Raises ZooError."""
    name, colon, rest = (what, "", "") if os.path.exists(what) else what.partition(":")  # noqa: PTH110
    overrides = split(rest) if colon else []
    shelf = next((shelf for shelf in SHELVES if name in kinds(shelf)), None)
    return (
        _kind(what, shelf, name, overrides, settings)
        if shelf
        else _recipe(what, name, overrides, settings)
    )


def split(text: str) -> list[str]:
    """`a=[1,2],b=3` -> `a=[1,2]` and `b=3`: at commas that stand in no bracket and no quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        depth += 0 if quote else (letter in "[{") - (letter in "]}")
        if letter == "," and not (depth or quote):
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _recipe(what: str, name: str, overrides: list[str], settings: Settings) -> Subject:
    looks_like_a_file = "/" in name or name.endswith(".yaml")
    known = {short for full in available() for short in (full, full.rpartition("/")[2])}
    if not (looks_like_a_file or os.path.exists(name) or name in known):  # noqa: PTH110
        names = [*known, *(kind for shelf in SHELVES for kind in kinds(shelf))]
        hint = suggest(name, names)
        raise ZooError(f"{shown(name)}: no recipe, attention or pattern is called so. {hint}")
    chosen = load(name, overrides)
    training = chosen.tree["training"]
    jit = training.get("jit_compile", True) if settings.jit is None else settings.jit
    precision = settings.precision or training.get("precision", DEFAULT_PRECISION)
    tree = {**chosen.tree, "training": {**training, "precision": precision}}
    return Subject(what, {"recipe": tree}, jit, precision)


def _kind(what: str, shelf: str, name: str, overrides: list[str], settings: Settings) -> Subject:
    node: dict[str, Any] = {"kind": name}
    apply_all(overrides, node, {})
    if shelf != SHELVES[0]:
        _refuse(what, shelf, node)
        node = {"kind": "multi_head", "pattern": node}
    sizes = {"num_heads": settings.num_heads, "head_dim": settings.head_dim}
    node = {**sizes, **node}
    _refuse(what, SHELVES[0], node)
    hidden_dim = settings.hidden_dim or node["num_heads"] * node["head_dim"]
    jit = True if settings.jit is None else settings.jit
    part = {"layer": node, "hidden_dim": hidden_dim}
    return Subject(what, part, jit, settings.precision or DEFAULT_PRECISION)


def _refuse(what: str, shelf: str, node: dict[str, Any]) -> None:
    for problem in check(Node(shelf=shelf), node):
        where = f"{dotted(problem.path)}: " if problem.path else ""
        raise ZooError(f"{shown(what)}: {where}{problem.text}")


def folder_name(whats: list[str]) -> str:
    """A name for a folder of what was measured: `full`, `local-back-128+full`."""
    words = (re.sub(r"[^\w.]+", "-", what.removesuffix(".yaml")).strip("-.") for what in whats)
    return "+".join(words)[:80]
