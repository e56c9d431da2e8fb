"""Models as they lie on disk: folder/<name>/<version>/saved_model.pb."""

import re
from collections.abc import Iterable
from pathlib import Path

from zoo.core.folders import MANIFEST

VERSION = re.compile(r"[1-9][0-9]*", re.ASCII)
MOST = 2**63 - 1  # a version is an int64 in the requests
GRAPHS = ("saved_model.pb", "saved_model.pbtxt")

# What a folder held at some time: path, size, time of change and inode of every file.
Contents = tuple[tuple[str, int, int, int], ...]


def models(folders: Iterable[Path]) -> dict[str, dict[int, Path]]:
    """`{name: {version: folder}}` of what lies below `folders`, or is one of them: a folder that
    holds versions is a model. The first of two models with the same name counts. Raises OSError."""
    found: dict[str, dict[int, Path]] = {}
    for folder in folders:
        if versions(folder):
            found.setdefault(folder.resolve().name, versions(folder))
            continue
        for below in sorted(_folders(folder)):
            if not below.name.startswith(".") and versions(below):
                found.setdefault(below.name, versions(below))
    return found


def versions(folder: Path) -> dict[int, Path]:
    """The versions of a model: folders whose name is a number without a sign or a leading zero."""
    named = [below for below in _folders(folder) if VERSION.fullmatch(below.name)]
    return {int(below.name): below for below in named if len(below.name) < 20 and _fits(below)}


def contents(folder: Path) -> Contents:
    """What changes when any file of `folder` does. A file that goes away meanwhile is no file."""
    found = []
    for file in sorted(folder.rglob("*")):
        try:
            facts = file.stat()
        except OSError:
            continue
        found.append((str(file), facts.st_size, facts.st_mtime_ns, facts.st_ino))
    return tuple(found)


def complete(folder: Path) -> bool:
    """The zoo writes a manifest last, and renames the folder: what has one was written whole."""
    return (folder / MANIFEST).is_file()


def begun(folder: Path) -> bool:
    """There is a graph to load, so somebody may have finished writing."""
    return any((folder / name).is_file() for name in GRAPHS)


def _fits(folder: Path) -> bool:
    return int(folder.name) <= MOST


def _folders(folder: Path) -> list[Path]:
    return [below for below in folder.iterdir() if below.is_dir()]
