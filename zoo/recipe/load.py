"""A recipe, resolved: `extends`, architecture and overrides merged, every value checked.

`zoo train RECIPE key=value ~key` changes a recipe without editing it: `training.steps=100` sets a
value, `~export` removes a section. Nothing here builds a model or imports Keras.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from zoo.core.check import Path as TreePath
from zoo.core.check import Problem, check, dotted
from zoo.core.errors import ZooError, suggest
from zoo.core.kinds import PACKAGE, as_node
from zoo.core.schema import Node
from zoo.recipe.reader import Origins, parse, read

ROOT = Node(module="zoo.recipe.sections", name="Recipe")
MOST_EXTENDS = 8


@dataclass(frozen=True)
class Resolved:
    """A checked recipe: its name, its sections as plain data, and where each value came from."""

    name: str
    tree: dict[str, Any]
    origins: Origins = field(repr=False)

    def to_yaml(self) -> str:
        return yaml.safe_dump(self.tree, sort_keys=False, allow_unicode=True, width=100)


def folder() -> Path:
    """Where the recipes lie: inside an installed package, or beside it in a checkout."""
    inside = PACKAGE / "recipes"
    return inside if inside.is_dir() else PACKAGE.parent / "recipes"


def available() -> dict[str, Path]:
    """The recipes that come with the zoo: `quickstart`, `language/gpt_chars`, …"""
    files = sorted(folder().rglob("*.yaml"))
    return {file.relative_to(folder()).with_suffix("").as_posix(): file for file in files}


def locate(name: str) -> Path:
    """The file of a recipe, given as a path or by name (its folder may be left out)."""
    if Path(name).exists():
        return Path(name)
    known = available()
    wanted = name.removeprefix("recipes/").removesuffix(".yaml")
    for full, file in known.items():
        if wanted in (full, full.rpartition("/")[2]):
            return file
    raise ZooError(f"{name}: no such recipe. {suggest(wanted, known)}")


def load(name: str, overrides: list[str] | None = None, tiny: bool = False) -> Resolved:
    """Read, merge and check a recipe. Raises ZooError that lists every problem found."""
    file = locate(name)
    tree, origins = _extended(file, [])
    shrunk = tree.pop("tiny", None) or {}
    if tiny:
        tree = merge(tree, shrunk)
    tree = _with_architecture(tree, origins)
    for override in overrides or []:
        _apply(override, tree, origins)
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
    where = origins[("extends",)]
    if not isinstance(base, str) or Path(base).is_absolute() or ".." in Path(base).parts:
        raise ZooError(
            f"{where}: extends: found {base!r}, expected a recipe beside or below this one."
        )
    parent = (file.parent / base).with_suffix(".yaml")
    if parent.resolve() in [f.resolve() for f in [*seen, file]] or len(seen) > MOST_EXTENDS:
        raise ZooError(f"{where}: extends: {base!r} comes back to itself.")
    if not parent.exists():
        near = [f.stem for f in file.parent.glob("*.yaml") if f != file]
        raise ZooError(f"{where}: extends: no recipe {base!r}. {suggest(Path(base).stem, near)}")
    below, below_origins = _extended(parent, [*seen, file])
    return merge(below, tree), {**below_origins, **origins}


def merge(below: Any, above: Any) -> Any:
    """`above` laid over `below`. A part of another kind replaces the part below."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    if "kind" in above and above["kind"] != below.get("kind", above["kind"]):
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
    if name not in known:
        where = origins[("model", "architecture")]
        raise ZooError(f"{where}: model.architecture: no {name!r}. {suggest(name, known)}")
    published, lines = read(known[name])
    for path, line in lines.items():
        origins.setdefault(path, line)
    return {**tree, "model": merge(published["model"], own)}


def _apply(override: str, tree: dict, origins: Origins) -> None:
    """Set `a.b=value` or remove `~a.b` in place."""
    said = f"command line: {override}"
    name, equals, text = override.removeprefix("~").partition("=")
    steps, removes = name.split("."), override.startswith("~")
    if removes == bool(equals) or not all(steps):
        raise ZooError(f"{said}: expected key=value, or ~key to remove a key.")
    inner: Any = tree
    for depth, step in enumerate(steps[:-1]):
        if isinstance(inner.get(step) if isinstance(inner, dict) else None, str):
            inner[step] = as_node(inner[step])
        inner = _child(inner, step, create=not removes, said=said, path=steps[: depth + 1])
    last = steps[-1]
    if removes:
        _child(inner, last, create=False, said=said, path=steps)
        del inner[_key(inner, last)]
        return
    value, _ = parse(text, said)
    key = _key(inner, last)
    if isinstance(inner, list) and not (isinstance(key, int) and key < len(inner)):
        raise ZooError(f"{said}: {'.'.join(steps[:-1])} has places 0 to {len(inner) - 1}.")
    if not isinstance(inner, dict | list):
        raise ZooError(f"{said}: {'.'.join(steps[:-1])} is {inner!r}, it has no parts.")
    old = inner[key] if isinstance(inner, list) else inner.get(key)
    inner[key] = merge(old, value)
    origins[_typed(steps)] = said


def _child(inner: Any, step: str, create: bool, said: str, path: list[str]) -> Any:
    key = _key(inner, step)
    if isinstance(inner, list) and isinstance(key, int) and key < len(inner):
        return inner[key]
    if isinstance(inner, dict):
        if key in inner:
            return inner[key]
        if create:
            return inner.setdefault(key, {})
        raise ZooError(f"{said}: there is no {'.'.join(path)}. {suggest(step, inner)}")
    raise ZooError(f"{said}: there is no {'.'.join(path)}.")


def _key(inner: Any, step: str) -> str | int:
    return int(step) if isinstance(inner, list) and step.isdigit() else step


def _typed(steps: list[str]) -> TreePath:
    return tuple(int(step) if step.isdigit() else step for step in steps)


def _refuse(problems: list[Problem], recipe: Resolved) -> None:
    """Raise one error that lists every problem with its line."""
    if not problems:
        return
    lines = [f"{_origin(p.path, recipe.origins)}: {dotted(p.path)}: {p.text}" for p in problems]
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    raise ZooError(
        "\n".join([f"{recipe.name}: {count} in this recipe.", *lines]).replace(": : ", ": ")
    )


def _origin(path: TreePath, origins: Origins) -> str:
    """Where the nearest written value around `path` stands."""
    tries = (path[:size] for size in range(len(path), -1, -1))
    return next((origins[near] for near in tries if near in origins), "recipe")
