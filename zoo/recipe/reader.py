"""A strict reader of one page of YAML: plain data only, every value knows the line it came from.

On top of PyYAML's safe loader: no duplicate keys, no aliases, no tags, no deep nesting, no large
files; the numbers and booleans of YAML 1.2 (`1e-4` is a number, `no` is text), no octal `010`.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from zoo.core.check import Path as TreePath
from zoo.core.errors import ZooError, shown

MOST_BYTES = 1 << 20
MOST_LEVELS = 20
MOST_DIGITS = 18
"""Beyond, a whole number does not fit in 64 bits."""

NO_ALIASES = (
    "anchors (&name) and aliases (*name) are not allowed; put a text that begins so in quotes"
)

CLEARER = {
    "while scanning an alias": NO_ALIASES,
    "while scanning an anchor": NO_ALIASES,
    "mapping values are not allowed here": (
        "found a ':' that cannot stand here (one is missing in the line above, or the value wants "
        "quotes)"
    ),
    "found character '\\t' that cannot start any token": "found a tab; indent with blanks",
    "but found another document": "found a second document, expected one page",
}
"""What PyYAML says of the commonest mistakes, in plainer words."""

Origins = dict[TreePath, str]


class Reader(yaml.SafeLoader):
    """Builds plain data and notes in `origins` where each value stands. Without a `source` the
    text is a line of its own, and errors name no place."""

    def __init__(self, text: str, source: str):
        super().__init__(text)
        self.source, self.level, self.origins = source, 0, {}

    def fail(self, mark: Any, text: str) -> ZooError:
        place = f"{self.source}:{mark.line + 1}:{mark.column + 1}: " if self.source else ""
        return ZooError(f"{place}{text}")

    def compose_node(self, parent, index):
        event = self.peek_event()
        if event.anchor:
            raise self.fail(event.start_mark, f"{NO_ALIASES}.")
        if event.tag:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise self.fail(event.start_mark, f"tag {tag} is not allowed: plain data only.")
        self.level += 1
        if self.level > MOST_LEVELS:
            text = f"nested too deep, expected at most {MOST_LEVELS} levels."
            raise self.fail(event.start_mark, text)
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
                raise self.fail(mark, f"{shown(key)} is written twice; {first}.")
            lines[key] = mark.line + 1
            found[key] = self.data(value_node, (*path, key))
            self.origins[(*path, key)] = f"{self.source}:{mark.line + 1}"
        return found

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        if node.tag.endswith(":int"):
            if len(text) > MOST_DIGITS:
                hint = f"is too large a number, expected at most {MOST_DIGITS} digits."
                raise self.fail(node.start_mark, f"{shown(text)} {hint}")
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
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as wrong:
        raise ZooError(f"{file}: cannot be read: {wrong.strerror}.") from wrong
    if len(data) > MOST_BYTES:
        raise ZooError(f"{file}: too large, expected a page of at most {MOST_BYTES:,} bytes.")
    try:
        found, origins = parse(data.decode(), str(file))
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise ZooError(f"{file}:{line}: found bytes that are not UTF-8 text.") from wrong
    if found is None:
        raise ZooError(f"{file}: empty recipe, expected a mapping of sections.")
    if not isinstance(found, dict):
        kind = "a list" if isinstance(found, list) else shown(found)
        raise ZooError(f"{file}:1: found {kind}, expected a mapping of sections.")
    return found, origins


def parse(text: str, source: str = "") -> tuple[Any, Origins]:
    """Plain data from YAML text. `source` stands before every message."""
    try:
        reader = Reader(text, source)
        node = reader.get_single_node()
        return (None if node is None else reader.data(node)), reader.origins
    except yaml.MarkedYAMLError as wrong:
        raise _syntax(wrong, source) from wrong
    except yaml.reader.ReaderError as wrong:
        line = text.count("\n", 0, wrong.position) + 1
        place = f"{source}:{line}: " if source else ""
        raise ZooError(f"{place}found the character {chr(wrong.character)!r}.") from wrong


def _syntax(wrong: yaml.MarkedYAMLError, source: str) -> ZooError:
    """A syntax error in one line: where it was noticed, and where what it spoils begins."""
    mark, text = wrong.problem_mark, str(wrong.problem)
    clearer = CLEARER.get(text) or CLEARER.get(str(wrong.context))
    if clearer is None and source and wrong.context and wrong.context_mark:
        text += f", {wrong.context} that begins in line {wrong.context_mark.line + 1}"
    place = f"{source}:{mark.line + 1}:{mark.column + 1}: " if source else ""
    return ZooError(f"{place}{clearer or f'not YAML: {text}'}.")
