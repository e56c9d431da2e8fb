"""The constructor is the schema: what may be written for a kind is read off its `__init__`.

Read, not imported: the syntax tree of a kind's file holds argument names, annotations and
defaults, so a recipe is checked in milliseconds, before Keras or TensorFlow are touched.
"""

import ast
import functools
from dataclasses import dataclass
from typing import Any

import pydantic

from zoo.core import types
from zoo.core.kinds import KERAS_OWNS, PACKAGE, class_name

STRICT = pydantic.ConfigDict(strict=True, allow_inf_nan=False)
BUILTINS = {kind.__name__: kind for kind in (int, float, bool, str, dict, list)}


@dataclass(frozen=True)
class Node:
    """A part with options of its own: any kind on a shelf, or the one class of a module."""

    shelf: str = ""
    module: str = ""
    name: str = ""


@dataclass(frozen=True)
class Argument:
    """What one constructor argument takes: nodes (one or a list of them), or a plain value."""

    node: Node | None
    many: bool
    adapter: pydantic.TypeAdapter | None
    required: bool
    optional: bool
    given: bool


@dataclass(frozen=True)
class Constructor:
    """A class as recipes see it. `rest` is what all further keys make together, if anything."""

    name: str
    doc: str
    arguments: dict[str, Argument]
    rest: Node | None


def of_kind(shelf: str, kind: str) -> Constructor:
    return of_class(f"zoo.{shelf.replace('/', '.')}.{kind}", class_name(kind))


@functools.cache
def of_class(module: str, name: str) -> Constructor:
    """The constructor of class `name` in `module`, read from the source."""
    tree = _source(module)
    classes = (n for n in tree.body if isinstance(n, ast.ClassDef))
    found = next((n for n in classes if n.name == name), None)
    if found is None:  # another library's class under a name of ours
        return Constructor(name, "", {}, None)
    doc = (ast.get_docstring(tree) or ast.get_docstring(found) or "").partition("\n")[0]
    imports = {**_imports(tree), **_neighbours(tree, module)}
    written, rest = _written(found)
    arguments = {
        name: _argument(annotation, imports, required)
        for name, annotation, required in written
        if name not in KERAS_OWNS
    }
    for base in found.bases:
        above = imports.get(_name(base), "")
        if above.startswith("zoo.") and above != "zoo.core.kinds":
            arguments = {**of_class(above, _name(base)).arguments, **arguments}
    return Constructor(name, doc, arguments, _node(rest, imports))


def _written(found: ast.ClassDef) -> tuple[list[tuple[str, ast.expr, bool]], ast.expr | None]:
    """Name, annotation and whether it is required, of each argument of `__init__`, or of each
    field of a dataclass; and the annotation of `**rest`."""
    for part in found.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            plain = len(part.args.args) - len(part.args.defaults)
            typed = [
                (argument.arg, argument.annotation, place < plain)
                for place, argument in enumerate(part.args.args)
                if argument.annotation is not None
            ]
            return typed, part.args.kwarg.annotation if part.args.kwarg else None
    if not found.decorator_list:
        return [], None
    fields = [part for part in found.body if isinstance(part, ast.AnnAssign)]
    return [(part.target.id, part.annotation, part.value is None) for part in fields], None


def _source(module: str) -> ast.Module:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _imports(tree: ast.Module) -> dict[str, str]:
    """Which module each imported name comes from."""
    froms = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module)
    return {alias.name: str(n.module) for n in froms for alias in n.names}


def _neighbours(tree: ast.Module, module: str) -> dict[str, str]:
    """The classes beside a class, which its annotations may name too."""
    return {n.name: module for n in tree.body if isinstance(n, ast.ClassDef)}


def _argument(written: ast.expr, imports: dict[str, str], required: bool) -> Argument:
    alternatives = _alternatives(written)
    optional = any(_is_none(part) for part in alternatives)
    parts = [part for part in alternatives if not _is_none(part)]
    given = isinstance(parts[0], ast.Subscript) and _name(parts[0].value) == "Given"
    for part in parts:
        if node := _node(part, imports):
            return Argument(node, False, None, required and not given, optional, given)
        if isinstance(part, ast.Subscript) and (node := _node(part.slice, imports)):
            return Argument(node, not given, None, required and not given, optional, given)
    adapter = pydantic.TypeAdapter(_leaf(written), config=STRICT)
    return Argument(None, False, adapter, required and not given, optional, given)


def _node(written: ast.expr | None, imports: dict[str, str]) -> Node | None:
    """The part an annotation names, when it names one of ours."""
    name = _name(written)
    module = imports.get(name, "")
    if not module.startswith("zoo.") or module == types.__name__:
        return None
    if (PACKAGE.joinpath(*module.split(".")[1:])).is_dir():
        return Node(shelf="/".join(module.split(".")[1:]))
    return Node(module=module, name=name)


def _leaf(written: ast.expr) -> Any:
    """The Python type an annotation names: a walk over the few forms allowed, not an `eval`."""
    if isinstance(written, ast.Constant):
        return written.value
    if isinstance(written, ast.BinOp):
        return _leaf(written.left) | _leaf(written.right)
    if isinstance(written, ast.Subscript):
        inner = written.slice
        items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        return _named(_name(written.value))[tuple(_leaf(item) for item in items)]
    return _named(_name(written))


def _named(name: str) -> Any:
    return BUILTINS[name] if name in BUILTINS else getattr(types, name)


def _alternatives(written: ast.expr) -> list[ast.expr]:
    if isinstance(written, ast.BinOp):
        return [*_alternatives(written.left), *_alternatives(written.right)]
    return [written]


def _is_none(written: ast.expr) -> bool:
    return isinstance(written, ast.Constant) and written.value is None


def _name(written: ast.expr | None) -> str:
    return written.id if isinstance(written, ast.Name) else ""
