"""A recipe, resolved: `extends`, architecture and overrides merged, every value checked.

`zoo train RECIPE key=value ~key` changes a recipe without editing it: `training.steps=100` sets a
value, `~export` removes a section. Nothing here builds a model or imports Keras.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from zoo.core.check import Path as TreePath
from zoo.core.check import Problem, check, dotted
from zoo.core.errors import ZooError, shown, suggest
from zoo.core.kinds import PACKAGE, as_node
from zoo.core.schema import Node
from zoo.recipe.reader import Origins, parse, read

ROOT = Node(module="zoo.recipe.sections", name="Recipe")
MOST_EXTENDS = 8
FIRST = ("model.architecture=", "model.checkpoint=")
"""Overrides that bring more keys with them, which others may then change."""
MOST_PROBLEMS = 20

SAID = "command line"
"""Where a value stands that an override set."""


class Plain(yaml.SafeDumper):
    """Writes a part out wherever it stands: recipes have no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@dataclass(frozen=True)
class Resolved:
    """A checked recipe: its name, its sections as plain data, and where each value came from."""

    name: str
    tree: dict[str, Any]
    origins: Origins = field(repr=False)

    def place(self, path: TreePath) -> str:
        """`file.yaml:12: model.kind`: where the nearest written value around `path` stands."""
        tries = (path[:size] for size in range(len(path), -1, -1))
        line = next((self.origins[near] for near in tries if near in self.origins), "recipe")
        return f"{line}: {dotted(path)}" if path else line

    def to_yaml(self) -> str:
        options = {"sort_keys": False, "allow_unicode": True, "width": 100}
        return yaml.dump(self.tree, Dumper=Plain, **options)


def folder() -> Path:
    """Where the recipes lie: inside an installed package, or beside it in a checkout."""
    inside = PACKAGE / "recipes"
    return inside if inside.is_dir() else PACKAGE.parent / "recipes"


def available() -> dict[str, Path]:
    """The recipes that come with the zoo: `quickstart`, `language/gpt_chars`, …"""
    records = folder() / "records"  # of runs, each with the recipe it was trained by
    files = sorted(file for file in folder().rglob("*.yaml") if records not in file.parents)
    return {file.relative_to(folder()).with_suffix("").as_posix(): file for file in files}


def locate(name: str) -> Path:
    """The file of a recipe, given as a path or by name (its folder may be left out)."""
    file = Path(name)
    if os.path.exists(name):  # noqa: PTH110 (no name is too long or too odd for it)
        return file
    known = available()
    wanted = name.removeprefix("recipes/").removesuffix(".yaml")
    for full, found in known.items():
        if wanted in (full, full.rpartition("/")[2]):
            return found
    if name != file.stem and file.parent.is_dir():  # it was meant as a path
        known, wanted = {f.name: f for f in file.parent.glob("*.yaml")} | known, file.name
    raise ZooError(f"{shown(name)}: no such recipe. {suggest(wanted, known)}")


def load(name: str, overrides: list[str] | None = None, tiny: bool = False) -> Resolved:
    """Read, merge and check a recipe. Raises ZooError that lists every problem found."""
    file = locate(name)
    tree, origins = _extended(file, [])
    shrunk = tree.pop("tiny", None)
    if tiny:
        tree = _shrunk(file, tree, shrunk, origins)
    chosen = [said for said in overrides or [] if said.startswith(FIRST)]
    _apply_all(chosen, tree, origins)
    tree = _with_checkpoint(_with_architecture(tree, origins), origins)
    _apply_all([said for said in overrides or [] if said not in chosen], tree, origins)
    name = file.resolve().parent.name if file.name == "recipe.yaml" else file.stem
    resolved = Resolved(name, tree, origins)
    _refuse(check(ROOT, tree), resolved)
    return resolved


def _extended(file: Path, seen: list[Path]) -> tuple[dict, Origins]:
    """The mapping in a file, laid over the one it extends."""
    tree, origins = read(file)
    base = tree.pop("extends", None)
    if base is None:
        return tree, origins
    where = f"{origins[('extends',)]}: extends"
    plain = isinstance(base, str) and Path(base).name
    if not plain or Path(base).is_absolute() or ".." in Path(base).parts:
        raise ZooError(f"{where}: found {shown(base)}, expected a recipe beside or below this one.")
    parent = (file.parent / base).with_suffix(".yaml")
    if parent.resolve() in [f.resolve() for f in [*seen, file]]:
        raise ZooError(f"{where}: {shown(base)} comes back to itself.")
    if len(seen) >= MOST_EXTENDS:
        raise ZooError(f"{where}: more than {MOST_EXTENDS} recipes extend one another.")
    if not parent.exists():
        near = [f.stem for f in file.parent.glob("*.yaml") if f != file]
        raise ZooError(f"{where}: no recipe {shown(base)}. {suggest(Path(base).stem, near)}")
    below, below_origins = _extended(parent, [*seen, file])
    return merge(below, tree), {**below_origins, **origins}


def _shrunk(file: Path, tree: dict, tiny: Any, origins: Origins) -> dict:
    """A recipe at its toy sizes. `origins` is told where those stand."""
    if tiny is None:
        raise ZooError(
            f"{file}: --tiny: this recipe names no toy sizes (it has no section 'tiny')."
        )
    if not isinstance(tiny, dict):
        raise ZooError(f"{origins['tiny',]}: tiny: found {shown(tiny)}, expected a mapping.")
    origins |= {path[1:]: line for path, line in origins.items() if path[:1] == ("tiny",)}
    return merge(tree, tiny)


def merge(below: Any, above: Any) -> Any:
    """`above` laid over `below`. A part of another kind replaces the part below."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    if "kind" in above and above["kind"] != below.get("kind"):
        return above
    return {**below, **{key: merge(below.get(key), value) for key, value in above.items()}}


def _with_architecture(tree: dict, origins: Origins) -> dict:
    """A published configuration under the model's own keys."""
    model = tree.get("model")
    if not isinstance(model, dict) or "architecture" not in model:
        return tree
    own = dict(model)
    name = own.pop("architecture")
    known = {file.stem: file for file in sorted((PACKAGE / "architectures").glob("*.yaml"))}
    if not isinstance(name, str) or name not in known:
        where = origins["model", "architecture"]
        raise ZooError(f"{where}: model.architecture: no {shown(name)}. {suggest(name, known)}")
    published, lines = read(known[name])
    for path, line in lines.items():
        origins.setdefault(path, line)
    return {**tree, "model": merge(published["model"], own)}


def _with_checkpoint(tree: dict, origins: Origins) -> dict:
    """What the folder `model.checkpoint` holds, under the model's own keys; nothing where these
    name a kind of backbone, and only weights are wanted."""
    model = tree.get("model")
    folder = model.get("checkpoint") if isinstance(model, dict) else None
    if not isinstance(folder, str) or "kind" in model:
        return tree
    from zoo.convert.checkpoint import written

    where = origins["model", "checkpoint"]
    try:
        return {**tree, "model": merge(written(Path(folder)), model)}
    except ZooError as wrong:
        raise ZooError(f"{where}: model.checkpoint: {wrong}") from wrong


def _apply_all(overrides: list[str], tree: dict, origins: Origins) -> None:
    for override in overrides:
        try:
            _apply(override, tree, origins)
        except ZooError as wrong:
            raise ZooError(f"{SAID}: {shown(override)}: {wrong}") from wrong


def _apply(override: str, tree: dict, origins: Origins) -> None:
    """Set `a.b=value` or remove `~a.b` in place."""
    name, equals, text = override.removeprefix("~").partition("=")
    steps, removes = name.split("."), override.startswith("~")
    if removes == bool(equals) or not all(steps):
        raise ZooError("expected key=value, or ~key to remove a key.")
    inner: Any = tree
    path: TreePath = ()
    for step in steps[:-1]:
        if isinstance(inner, dict) and isinstance(inner.get(step), str):
            inner[step] = as_node(inner[step])
        if isinstance(inner, dict) and not removes:
            inner.setdefault(step, {})
        path = (*path, _place(inner, step, path))
        inner = inner[path[-1]]
    if isinstance(inner, dict) and not removes:
        inner.setdefault(steps[-1], None)
    path = (*path, _place(inner, steps[-1], path))
    if removes:
        del inner[path[-1]]
        return
    value, _ = parse(text)
    inner[path[-1]] = merge(inner[path[-1]], value)
    for size in range(1, len(path)):
        origins.setdefault(path[:size], SAID)
    origins[path] = SAID


def _place(inner: Any, step: str, path: TreePath) -> str | int:
    """The key of a mapping, or the place in a list, that `step` names. Raises ZooError."""
    if isinstance(inner, list):
        place = int(step) if step.isdecimal() and len(step) < 9 else len(inner)
        if place < len(inner):
            return place
        raise ZooError(f"{dotted(path)} has places 0 to {len(inner) - 1}, found {shown(step)}.")
    if not isinstance(inner, dict):
        raise ZooError(f"{dotted(path)} is {shown(inner)}, it has no parts.")
    if step not in inner:
        raise ZooError(f"there is no {dotted((*path, step))}. {suggest(step, inner)}")
    return step


def _refuse(problems: list[Problem], recipe: Resolved) -> None:
    """Raise one error that lists every problem with its line."""
    if not problems:
        return
    lines = [f"{recipe.place(p.path)}: {p.text}" for p in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"and {len(problems) - MOST_PROBLEMS:,} more.")
    count = "1 problem" if len(problems) == 1 else f"{len(problems):,} problems"
    raise ZooError("\n".join([f"{recipe.name}: {count} in this recipe.", *lines]))
