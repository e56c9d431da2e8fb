"""Read a whole tree against the constructors it names, before anything is built.

Every problem is collected; none stops the reading of the rest.
"""

from dataclasses import dataclass
from typing import Any

import pydantic

from zoo.core import schema
from zoo.core.errors import shown, suggest
from zoo.core.kinds import kinds
from zoo.core.schema import Argument, Constructor, Node

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """Something wrong at one place of a tree."""

    path: Path
    text: str


def dotted(path: Path) -> str:
    """`('model', 'blocks', 0, 'kind')` -> `model.blocks.0.kind`, as overrides write it."""
    steps = (str(step) for step in path)
    return ".".join(step if step.isprintable() else shown(step) for step in steps)


def check(node: Node, written: Any, path: Path = ()) -> list[Problem]:
    """All problems of what is written for `node`."""
    options = {"kind": written} if isinstance(written, str) and node.shelf else written
    if not isinstance(options, dict):
        return [Problem(path, f"found {shown(written)}, expected {_expected(node)}.")]
    if not node.shelf:
        return _call(schema.of_class(node.module, node.name), options, path)
    known = kinds(node.shelf)
    kind = options.get("kind")
    if kind is None:
        return [Problem(path, f"has no 'kind'. {suggest('', known)}")]
    if kind not in known:
        text = f"no {shown(kind)} in {node.shelf}. {suggest(kind, known)}"
        return [Problem((*path, "kind") if isinstance(written, dict) else path, text)]
    constructor = schema.of_kind(node.shelf, kind)
    return _call(constructor, {k: v for k, v in options.items() if k != "kind"}, path, kind)


def _call(found: Constructor, options: dict, path: Path, kind: str = "") -> list[Problem]:
    problems, rest = [], {}
    who = kind or (dotted(path) or "a recipe")
    known = [name for name, argument in found.arguments.items() if not argument.given]
    for name, value in options.items():
        if name in found.arguments:
            problems += _value(found.arguments[name], value, (*path, name))
        elif found.rest:
            rest[name] = value
        else:
            text = f"{who} has no {shown(name)}. {suggest(name, known)}"
            problems.append(Problem((*path, name), text))
    for name, argument in found.arguments.items():
        if argument.required and name not in options:
            problems.append(Problem(path, f"{who} needs {name!r}."))
    return problems + (check(found.rest, rest, path) if found.rest else [])


def _value(argument: Argument, value: Any, path: Path) -> list[Problem]:
    if argument.given:
        text = f"is known from another section, leave it out (found {shown(value)})."
        return [Problem(path, text)]
    if value is None and argument.optional:
        return []
    if value == [] and (argument.required or argument.many):
        return [Problem(path, "found an empty list, expected at least one.")]
    if value == "" and argument.required:
        return [Problem(path, "found an empty text.")]
    if argument.node:
        if not (argument.many and isinstance(value, list)):
            return check(argument.node, value, path)
        return [p for i, item in enumerate(value) for p in check(argument.node, item, (*path, i))]
    try:
        argument.adapter.validate_python(value)
    except pydantic.ValidationError as wrong:
        wanted = " or ".join(dict.fromkeys(_wanted(error) for error in wrong.errors()))
        return [Problem(path, f"found {shown(value)}, expected {wanted}.")]
    return []


def _wanted(error: Any) -> str:
    """Pydantic's `Input should be greater than 0` -> `greater than 0`."""
    names = {
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "string_type": "text",
        "dict_type": "a mapping",
        "list_type": "a list",
        "finite_number": "a finite number",
    }
    text = error["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    bounds = ("greater", "less")
    return names.get(error["type"]) or (f"a number {text}" if text.startswith(bounds) else text)


def _expected(node: Node) -> str:
    if not node.shelf:
        return "a mapping"
    return f"one of {', '.join(kinds(node.shelf))}, or a mapping with a 'kind'"


def differences(before: Any, after: Any, path: Path = ()) -> list[tuple[Path, str]]:
    """Where two trees differ: a path, and `path: before -> after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = dict.fromkeys([*before, *after])
        return [
            found
            for name in names
            for found in differences(before.get(name), after.get(name), (*path, name))
        ]
    return [] if before == after else [(path, f"{dotted(path)}: {shown(before)} -> {shown(after)}")]
