"""Files of pictures in folders that are called as their classes."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.core.errors import ZooError, suggest
from zoo.core.folders import at_home
from zoo.data.sources import Columns, Document
from zoo.data.sources._pairs import answered
from zoo.data.sources._parted import Parted, parted

ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".bmp")


class ImageFolder(Parted):
    """Folders with a folder for each class, which hold its pictures, also in folders of their own:
    `.jpg, .jpeg, .png, .gif, .bmp`. A document is a file; its answer the name of its class. Files
    are read when they are asked for. Without a `validation_path` a `validation_fraction` is held
    out, spread over all.
    Raises ZooError for a folder without such files."""

    def documents(self, path, option):
        return [one.document() for one in _files(path, option)]

    def columns(self, tokenizer):
        if tokenizer.read(np.frombuffer(b"\xff", "uint8")).tolist() != [255]:
            raise ZooError("files of pictures are read byte by byte: tokenizer: bytes.", "path")
        train, held_out = parted(_files(self.path, "path"), self.validation_fraction)
        if self.validation_path:
            held_out = _files(self.validation_path, "validation_path")
        return _columns(train), _columns(held_out)


class File(NamedTuple):
    """A picture that is not read yet."""

    path: Path
    size: int
    """Bytes."""
    label: str

    def document(self) -> Document:
        """Raises ZooError for a file that cannot be read, or has changed its size."""
        try:
            content = self.path.read_bytes()
        except OSError as wrong:
            raise ZooError(f"{self.path} cannot be read: {wrong.strerror}.") from wrong
        if len(content) != self.size:
            found = f"has {len(content):,} bytes, and had {self.size:,} when training began"
            raise ZooError(f"{self.path} {found}.")
        return answered(str(self.path), content, self.label.encode())


class Unread(Sequence):
    """The bytes of files, and behind them the names of their classes; each is read when it is asked
    for."""

    def __init__(self, files: list[File]):
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, place):
        return self.files[place].document().data


def _files(path: str, option: str) -> list[File]:
    """Those below a folder, in the order of their names."""
    folder = Path(at_home(path))
    if not folder.is_dir():
        near = [one.name for one in folder.parent.glob("*")] if folder.parent.is_dir() else []
        raise ZooError(f"there is no folder {folder}. {suggest(folder.name, near)}", option)
    found = [
        File(file, file.stat().st_size, file.relative_to(folder).parts[0])
        for file in sorted(folder.glob("*/**/*"))
        if file.suffix.lower() in ENDINGS and file.is_file()
    ]
    if not found:
        kinds = ", ".join(ENDINGS)
        text = f"{folder} holds no folder, called as a class, with pictures in it: {kinds}."
        raise ZooError(text, option)
    return found


def _columns(files: list[File]) -> Columns:
    sizes = [(one.size, one.size + len(one.label.encode())) for one in files]
    return Columns(
        names=[str(one.path) for one in files],
        tokens=Unread(files),
        answers=[np.array([span], np.int64) for span in sizes],
        answered=np.array([stop for _, stop in sizes], np.int64),
        starts=np.array([*accumulate((stop + 1 for _, stop in sizes), initial=0)], np.int64),
        num_bytes=sum(stop for _, stop in sizes),
    )
