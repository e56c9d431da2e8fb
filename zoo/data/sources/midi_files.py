"""Music in MIDI files: a folder of them, with a list of which are held out, or without."""

import csv
from pathlib import Path

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.core.folders import at_home
from zoo.core.types import Fraction
from zoo.data.sources import Document
from zoo.data.sources._files import lines
from zoo.data.sources._midi import OfMidi, midi_of
from zoo.data.sources._parted import parted

ENDINGS = (".mid", ".midi")
TRAIN = "train"


class MidiFiles(OfMidi):
    """The files below the folder `path` that end in `.mid` or `.midi`; every file is a document.

    `index` is the name of a table in that folder, `.tsv` or `.csv`, whose columns `file` and
    `split` say of which split each file is: those of `train` are trained on, those of `held_out`
    held out, and others are not read. Without an index a `validation_path` is a folder of files
    held out, or a `validation_fraction` of the files is, spread over all.
    Raises ZooError for what is no MIDI file, and where there are none.
    """

    def __init__(
        self,
        path: str,
        index: str | None = None,
        file: str = "file",
        split: str = "split",
        held_out: str = "validation",
        validation_path: str | None = None,
        validation_fraction: Fraction | None = None,
    ):
        if sum(map(bool, (index, validation_path, validation_fraction))) > 1:
            text = "give one of index, validation_path and validation_fraction, not more."
            raise ZooError(text, "index" if index else "validation_path")
        self.path, self.index, self.file, self.split = path, index, file, split
        self.held_out, self.validation_path = held_out, validation_path
        self.validation_fraction = validation_fraction

    def train(self):
        if self.index:
            return self._listed(TRAIN)
        return parted(_below(self.path, "path"), self.validation_fraction)[0]

    def validation(self):
        if self.index:
            return self._listed(self.held_out)
        if self.validation_path:
            return _below(self.validation_path, "validation_path")
        return parted(_below(self.path, "path"), self.validation_fraction)[1]

    def _listed(self, wanted: str) -> list[Document]:
        """The files of a split."""
        folder, table = Path(at_home(self.path)), Path(at_home(self.path)) / str(self.index)
        delimiter = "\t" if table.suffix == ".tsv" else ","
        rows = list(csv.DictReader(lines(str(table), "index"), delimiter=delimiter))
        for option in ("file", "split"):
            column, there = getattr(self, option), list(rows[0]) if rows else []
            if column not in there:
                text = f"{table}: has no column {shown(column)}. {suggest(column, map(str, there))}"
                raise ZooError(text, option)
        splits = {str(row[self.split]) for row in rows}
        if wanted not in splits:
            option = "index" if wanted == TRAIN else "held_out"
            text = f"{table}: no file is of the split {shown(wanted)}. {suggest(wanted, splits)}"
            raise ZooError(text, option)
        names = [str(row[self.file]) for row in rows if row[self.split] == wanted]
        return [_document(folder / name, "index") for name in names]


def _below(path: str, option: str) -> list[Document]:
    """The files below a folder, in the order of their names."""
    folder = Path(at_home(path))
    if not folder.is_dir():
        near = [one.name for one in folder.parent.glob("*")] if folder.parent.is_dir() else []
        raise ZooError(f"there is no folder {folder}. {suggest(folder.name, near)}", option)
    found = [one for one in sorted(folder.rglob("*")) if one.suffix.lower() in ENDINGS]
    if not found:
        raise ZooError(f"{folder} holds no file that ends in {' or '.join(ENDINGS)}.", option)
    return [_document(file, option) for file in found]


def _document(file: Path, option: str) -> Document:
    return Document(str(file), np.frombuffer(midi_of(file, option), "uint8"))
