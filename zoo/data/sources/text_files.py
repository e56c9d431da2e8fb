"""Text files, read in place: one file, a folder, or globs. Every file is a document."""

import glob
import sysconfig
from pathlib import Path

import numpy as np

from zoo.core.errors import ZooError, suggest
from zoo.core.types import Fraction
from zoo.data.sources import Document, Source

LOOK_AT = 1 << 16


class TextFiles(Source):
    """`path` and `validation_path` are files, folders or globs; `{stdlib}` stands for the folder
    of Python's standard library, as `sysconfig` names it. Without a `validation_path` the last
    `validation_fraction` of all bytes, in the order of file names, is held out. Files are
    left out whose path matches a glob in `exclude`.
    """

    def __init__(
        self,
        path: str | list[str],
        validation_path: str | list[str] | None = None,
        validation_fraction: Fraction | None = None,
        exclude: list[str] = [],  # noqa: B006
    ):
        if validation_path and validation_fraction:
            raise ValueError("give validation_path or validation_fraction, not both.")
        self.path, self.validation_path = path, validation_path
        self.validation_fraction, self.exclude = validation_fraction, exclude

    def train(self) -> list[Document]:
        documents = self._documents(self.path, "data.source.path")
        return _cut(documents, self.validation_fraction or 0.0)[0]

    def validation(self) -> list[Document]:
        if self.validation_path:
            return self._documents(self.validation_path, "data.source.validation_path")
        documents = self._documents(self.path, "data.source.path")
        return _cut(documents, self.validation_fraction or 0.0)[1]

    def _documents(self, written: str | list[str], key: str) -> list[Document]:
        patterns = [written] if isinstance(written, str) else written
        files = sorted({file for pattern in patterns for file in _expand(pattern, key)})
        files = [f for f in files if not any(f.match(pattern) for pattern in self.exclude)]
        found = [_open(file, key) for file in files]
        documents = [document for document in found if document.data.size]
        if not documents:
            what = "all are empty" if found else "none is left after exclude"
            raise ZooError(f"{key}: {len(files)} files match {written!r}, {what}; expected text.")
        return documents


def _expand(pattern: str, key: str) -> list[Path]:
    try:
        place = pattern.format(**sysconfig.get_paths())
    except (KeyError, ValueError, IndexError) as wrong:
        known = suggest(str(wrong).strip("'"), sysconfig.get_paths())
        raise ZooError(f"{key}: {pattern!r} names an unknown folder {wrong}. {known}") from wrong
    place = str(Path(place).expanduser())
    if Path(place).is_dir():
        return [file for file in Path(place).rglob("*") if file.is_file()]
    found = glob.glob(place, recursive=True)  # noqa: PTH207 (absolute globs)
    files = [Path(name) for name in found if Path(name).is_file()]
    if not files:
        parent = Path(place).parent
        near = [str(parent / name.name) for name in parent.iterdir()] if parent.is_dir() else []
        hint = suggest(place, near[:20]) if near else f"There is no folder {str(parent)!r} either."
        raise ZooError(f"{key}: no file matches {pattern!r}. {hint}")
    return files


def _open(file: Path, key: str) -> Document:
    try:
        size = file.stat().st_size
        data = np.memmap(file, "uint8", "r") if size else np.zeros(0, "uint8")
    except OSError as wrong:
        raise ZooError(f"{key}: {file} cannot be read: {wrong.strerror}.") from wrong
    if (nuls := np.flatnonzero(data[:LOOK_AT] == 0)).size:
        raise ZooError(
            f"{key}: {file} is a binary file (a NUL byte at offset {nuls[0]}), expected text. "
            "List it in data.source.exclude to leave it out."
        )
    return Document(str(file), data)


def _cut(documents: list[Document], fraction: float) -> tuple[list[Document], list[Document]]:
    """Two lists of documents: all but the last `fraction` of the bytes, and the rest."""
    left = round(sum(document.data.size for document in documents) * (1 - fraction))
    before: list[Document] = []
    after: list[Document] = []
    for name, data in documents:
        if data[:left].size:
            before.append(Document(name, data[:left]))
        if data[left:].size:
            after.append(Document(name, data[left:]))
        left = max(0, left - data.size)
    return before, after
