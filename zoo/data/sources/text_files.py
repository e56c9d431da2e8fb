"""Text files, large ones read in place: one file, a folder, or globs. Every file is a document."""

import glob
import os
import re
import sysconfig
from collections.abc import Sized
from pathlib import Path

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.core.folders import at_home
from zoo.core.types import Fraction
from zoo.data.sources import Document, Source

LOOK_AT = 1 << 16
SMALL = 1 << 18
"""Bytes below which a file is read at once: a mapped one holds a descriptor as long as it is open,
and a process is given a thousand or so."""


class TextFiles(Source):
    """`path` and `validation_path` are files, folders or globs; `{stdlib}` stands for the folder
    of Python's standard library, as `sysconfig` names it. Without a `validation_path` the last
    `validation_fraction` of all bytes, in the order of file names, is held out. Files are
    left out whose path matches a glob in `exclude`.

    The bytes are passed on as they are: line ends, byte order marks and bytes that are not UTF-8.
    A file with a NUL in its first 64 KiB is taken for a binary one and refused.
    """

    def __init__(
        self,
        path: str | list[str],
        validation_path: str | list[str] | None = None,
        validation_fraction: Fraction | None = None,
        exclude: list[str] = [],  # noqa: B006
    ):
        if validation_path and validation_fraction:
            raise ZooError("give this or validation_fraction, not both.", "validation_path")
        if "" in exclude:
            raise ZooError("found an empty text, expected a glob.", "exclude")
        self.path, self.validation_path = path, validation_path
        self.validation_fraction, self.exclude = validation_fraction, exclude

    def train(self) -> list[Document]:
        return _cut(self._documents("path"), self.validation_fraction or 0.0)[0]

    def validation(self) -> list[Document]:
        if not self.validation_path:
            return _cut(self._documents("path"), self.validation_fraction or 0.0)[1]
        trained = {file.resolve() for file in self._files("path")}
        shared = [file for file in self._files("validation_path") if file.resolve() in trained]
        if shared:
            raise ZooError(
                f"{shared[0]}{_more(shared)} is trained on too, so it would measure nothing. "
                "Hold out other files, leave them out of path, or use validation_fraction.",
                "validation_path",
            )
        return self._documents("validation_path")

    def _files(self, option: str) -> list[Path]:
        written = getattr(self, option)
        patterns = [written] if isinstance(written, str) else written
        try:
            found = sorted({file for pattern in patterns for file in expand(pattern)})
        except OSError as wrong:
            name = shown(str(wrong.filename))
            raise ZooError(f"{name} cannot be read: {wrong.strerror}.", option) from wrong
        except ZooError as wrong:
            raise ZooError(wrong.text, option) from wrong
        kept = [f for f in found if not any(f.match(pattern) for pattern in self.exclude)]
        if not kept:
            raise ZooError(f"leaves out every file that matches {', '.join(patterns)}.", "exclude")
        return kept

    def _documents(self, option: str) -> list[Document]:
        found = [_open(file, option) for file in self._files(option)]
        documents = [document for document in found if document.data.size]
        if not documents:
            names = f"{found[0].name}{_more(found)}"
            raise ZooError(f"{names}: found an empty file, expected text.", option)
        return documents


def expand(pattern: str) -> list[Path]:
    """The files that a path or glob names; at least one."""
    place = at_home(re.sub(r"\{(\w+)\}", _folder, pattern))
    if Path(place).is_dir():
        files = [file for file in Path(place).rglob("*") if file.is_file()]
        if not files:
            raise ZooError(f"the folder {place} holds no file.")
        return files
    found = [Path(name) for name in glob.glob(place, recursive=True)]  # noqa: PTH207 (absolute)
    files = [file for file in found if file.is_file()]
    if not files:
        raise ZooError(_nothing(Path(place)))
    return files


def _folder(braces: re.Match) -> str:
    known = sysconfig.get_paths()
    if braces[1] not in known:
        raise ZooError(f"no folder is called {braces[0]}. {suggest(braces[1], known)}")
    return known[braces[1]]


def _more(files: Sized) -> str:
    return f" (and {len(files) - 1:,} more)" if len(files) > 1 else ""


def _nothing(place: Path) -> str:
    """Why no file matches, and what is near: as far as the path leads, and what lies there."""
    if os.path.lexists(place):
        return f"{place} is a link to nothing, or no ordinary file."
    folder = next(parent for parent in place.parents if parent.is_dir())
    rest = place.relative_to(folder)
    near = suggest(rest.parts[0], [file.name for file in folder.iterdir()])
    return f"no file matches {str(rest)!r} in {folder.absolute()}. {near}"


def _open(file: Path, option: str) -> Document:
    try:
        small = file.stat().st_size < SMALL
        data = np.fromfile(file, "uint8") if small else np.memmap(file, "uint8", "r")
    except OSError as wrong:
        raise ZooError(f"{file} cannot be read: {wrong.strerror}.", option) from wrong
    if (nuls := np.flatnonzero(data[:LOOK_AT] == 0)).size:
        raise ZooError(
            f"{file} is a binary file (a NUL byte at offset {nuls[0]}), expected text. "
            "List it in data.source.exclude to leave it out.",
            option,
        )
    return Document(str(file), data)


def _cut(documents: list[Document], fraction: float) -> tuple[list[Document], list[Document]]:
    """Two lists of documents: all but the last `fraction` of the bytes, and the rest."""
    left = round(sum(document.data.size for document in documents) * (1 - fraction))
    before: list[Document] = []
    after: list[Document] = []
    for document in documents:
        name, data = document.name, document.data
        if data[:left].size:
            before.append(Document(name, data[:left]))
        if data[left:].size:
            after.append(Document(name, data[left:]))
        left = max(0, left - data.size)
    return before, after
