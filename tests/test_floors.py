"""The house has floors: a file imports from its own folder and from floors below, never above."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = [
    {"core"},
    {"metrics", "music", "orders"},
    {
        "tokenizers",
        "embeddings",
        "codebooks",
        "perception",
        "critics",
        "positions",
        "attention.patterns",
        "generation",
        "data.sources",
        "data.augmentation",
    },
    {"attention.kernels", "data.corpus", "data.decoding", "baselines"},
    {
        "attention",
        "data.batching",
        "training.schedules",
        "training.optimizers",
        "training.distribution",
    },
    {"data", "blocks.feed_forward"},
    {"blocks"},
    {"backbones"},
    {"tasks"},
    {"layers", "architectures", "convert", "generation.search"},
    {"recipe"},
    {"insight.stacks"},
    {"insight.weights"},
    {"training", "serving", "bench"},
    {"results", "insight"},
    {"api"},
    {"cli"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
TENSORFLOW = (
    "tokenizers",
    "data",
    "training.distribution",
    "serving",
    "core.batch_norm",
    "core.checked",
    "core.compiled",
    "core.loops",
)
KERAS_HUB = ("backbones.__init__", "tasks.__init__", "tokenizers", "generation")
FILES = sorted((ROOT / "zoo").rglob("*.py"))


def dotted(file):
    return ".".join(file.relative_to(ROOT / "zoo").with_suffix("").parts)


def room(name):
    """`attention.patterns.local` -> `attention.patterns`, the longest room it lies in."""
    parts = name.split(".")
    tries = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((name for name in tries if name in FLOOR), None)


def imports(file):
    """Modules imported anywhere in a file, but for names that only annotations use."""
    tree = ast.parse(file.read_text())
    hidden = {id(n) for part in tree.body if isinstance(part, ast.If) for n in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_nothing_imports_upward():
    wrong = []
    for file in FILES:
        mine = room(dotted(file))
        for name in imports(file):
            theirs = room(name.removeprefix("zoo.")) if name.startswith("zoo.") else None
            own = dotted(file).rpartition(".")[0].startswith(name.removeprefix("zoo."))
            if mine and theirs and mine != theirs and not own and FLOOR[theirs] >= FLOOR[mine]:
                wrong.append(f"{dotted(file)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_every_file_has_a_floor():
    assert [dotted(f) for f in FILES if not room(dotted(f)) and dotted(f) != "__init__"] == []


@pytest.mark.parametrize(
    ("library", "doors"), [("tensorflow", TENSORFLOW), ("keras_hub", KERAS_HUB)]
)
def test_libraries_come_in_by_their_doors(library, doors):
    users = {dotted(f) for f in FILES for name in imports(f) if name.split(".")[0] == library}
    assert [user for user in users if not user.startswith(doors)] == []


def test_files_stay_short():
    assert [f"{f}: {n}" for f in FILES if (n := f.read_text().count("\n")) > 300] == []
