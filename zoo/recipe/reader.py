"""A strict reader of one page of YAML: plain data only, every value knows the line it came from.

On top of PyYAML's safe loader: no duplicate keys, no aliases, no deep nesting, no large files; the
numbers and booleans of YAML 1.2 (`1e-4` is a number, `no` is text), and no octal `010`.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from zoo.core.check import Path as TreePath
from zoo.core.errors import ZooError

MOST_BYTES = 1 << 20
MOST_LEVELS = 20

Origins = dict[TreePath, str]


class Reader(yaml.SafeLoader):
    """Builds plain data and notes in `origins` where each value stands."""

    def __init__(self, text: str, source: str):
        super().__init__(text)
        self.source, self.level, self.origins = source, 0, {}

    def fail(self, mark: Any, text: str) -> ZooError:
        return ZooError(f"{self.source}:{mark.line + 1}:{mark.column + 1}: {text}")

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise self.fail(self.peek_event().start_mark, "aliases (*name) are not allowed.")
        self.level += 1
        if self.level > MOST_LEVELS:
            mark = self.peek_event().start_mark
            raise self.fail(mark, f"nested too deep, expected at most {MOST_LEVELS} levels.")
        node = super().compose_node(parent, index)
        self.level -= 1
        return node

    def data(self, node: yaml.Node, path: TreePath = ()) -> Any:
        self.origins[path] = f"{self.source}:{node.start_mark.line + 1}"
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.data(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: TreePath) -> dict:
        found, lines = {}, {}
        for key_node, value_node in node.value:
            key, mark = key_node.value, key_node.start_mark
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.fail(mark, "a key must be a word.")
            if key in found:
                first = f"it stands already in line {lines[key]}"
                raise self.fail(mark, f"{key!r} is written twice; {first}.")
            lines[key] = mark.line + 1
            found[key] = self.data(value_node, (*path, key))
            self.origins[(*path, key)] = f"{self.source}:{mark.line + 1}"
        return found

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        if not node.tag.startswith("tag:yaml.org,2002:") or ":python/" in node.tag:
            raise self.fail(node.start_mark, f"tag {node.tag!r} is not allowed: plain data only.")
        if node.tag.endswith(":int"):
            if re.fullmatch(r"[-+]?0[0-9_]+", text):
                plain = text.lstrip("+-0_") or "0"
                hint = f"is ambiguous (octal?), expected {plain} or a quoted text."
                raise self.fail(node.start_mark, f"{text} {hint}")
            return int(text.replace("_", ""))
        if node.tag.endswith(":float"):
            return float(
                text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan")
            )
        if node.tag.endswith(":bool"):
            return text.lower() == "true"
        return None if node.tag.endswith(":null") else text


Reader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9][0-9_]*", "-+0123456789"),
    (
        "float",
        r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    Reader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})\\Z"), list(first)
    )


def read(file: Path) -> tuple[dict, Origins]:
    """The mapping in a YAML file, and where each value stands. Raises ZooError."""
    if file.is_dir():
        raise ZooError(f"{file}: found a folder, expected a YAML file.")
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise ZooError(f"{file}: {size:,} bytes, expected at most {MOST_BYTES:,}.")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = getattr(wrong, "strerror", None) or "not UTF-8 text"
        raise ZooError(f"{file}: cannot be read: {reason}.") from wrong
    found, origins = parse(text, str(file))
    if found is None:
        raise ZooError(f"{file}: empty recipe.")
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else repr(found)
        raise ZooError(f"{file}:1: found {kind}, expected a mapping of sections.")
    return found, origins


def parse(text: str, source: str) -> tuple[Any, Origins]:
    """Plain data from YAML text. `source` stands before every message."""
    try:
        reader = Reader(text, source)
        node = reader.get_single_node()
        return (None if node is None else reader.data(node)), reader.origins
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        place = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        raise ZooError(f"{place}: {wrong.problem or wrong.context}.") from wrong
    except yaml.YAMLError as wrong:
        raise ZooError(f"{source}: {wrong}.") from wrong
