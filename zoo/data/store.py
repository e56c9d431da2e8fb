"""Write documents as token ids, a few of them in memory at a time."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from zoo.core.folders import write_folder
from zoo.core.kinds import to_config
from zoo.data.sources import Document, Source, tokenized
from zoo.data.sources.tokens import SPLITS, TOKENIZER
from zoo.tokenizers import Tokenizer

AT_ONCE = 1 << 22
"""Bytes of text that are read before their tokens are written, or one document."""


class Growing:
    """A file of NumPy that grows at its end."""

    def __init__(self, file: Path, *shape: int, dtype: Any = "int64"):
        self.opened: BinaryIO = file.open("w+b")
        self.shape, self.dtype, self.length = shape, np.dtype(dtype), 0
        self._header()

    def _header(self) -> None:
        """NumPy leaves room in a header for the first axis to grow."""
        np.lib.format.write_array_header_1_0(
            self.opened,
            {
                "descr": np.lib.format.dtype_to_descr(self.dtype),
                "fortran_order": False,
                "shape": (self.length, *self.shape),
            },
        )

    def append(self, values: Any) -> None:
        """Write `n …` behind what is there."""
        values = np.ascontiguousarray(values, self.dtype)
        self.opened.write(memoryview(values).cast("B") if values.size else b"")
        self.length += len(values)

    def close(self) -> None:
        self.opened.seek(0)
        self._header()
        self.opened.close()


def store(source: Source, tokenizer: Tokenizer, target: Path) -> dict[str, int]:
    """Write what a source gives to the folder `target`, which the source `tokens` reads. Returns
    the number of tokens of each split, with their end tokens. Raises ZooError."""
    splits = dict(zip(SPLITS, (source.train(), source.validation())))
    counted, num_bytes = {}, {}

    def fill(aside: Path) -> None:
        for name, documents in splits.items():
            (aside / name).mkdir()
            counted[name], num_bytes[name] = _write(aside / name, documents, tokenizer)
        if tokenizer.assets:
            (aside / TOKENIZER).mkdir()
            tokenizer.save(aside / TOKENIZER)

    write_folder(
        target,
        fill,
        learned={"num_bytes": num_bytes},
        tokenizer=tokenizer.fingerprint(),
        kind=to_config(tokenizer)["kind"],
        vocabulary_size=tokenizer.vocabulary_size,
    )
    return counted


def _write(folder: Path, documents: Sequence[Document], tokenizer: Tokenizer) -> tuple[int, int]:
    """Write one split; returns the number of its tokens, and of the bytes they stand for."""
    kind = tokenizer.read(np.zeros(0, "uint8")).dtype
    ids = Growing(folder / "ids.npy", dtype=kind)
    answers = Growing(folder / "answers.npy", 2)
    names = Growing(folder / "names.npy", dtype="uint8")
    answered = Growing(folder / "answered.npy")
    starts, answer_starts, name_starts = (
        Growing(folder / f"{name}.npy") for name in ("starts", "answer_starts", "name_starts")
    )
    for begun in (starts, answer_starts, name_starts):
        begun.append([0])
    end = num_bytes = 0
    for group in _groups(documents):
        columns = tokenized(group, tokenizer)
        for tokens, found, name in zip(columns.tokens, columns.answers, columns.names):
            ids.append(tokens)
            answers.append(found)
            names.append(np.frombuffer(os.fsencode(name), "uint8"))
            answer_starts.append([answers.length])
            name_starts.append([names.length])
        starts.append(columns.starts[1:] + end)
        answered.append(columns.answered)
        end += int(columns.starts[-1])
        num_bytes += columns.num_bytes
    for file in (ids, starts, answers, answer_starts, answered, names, name_starts):
        file.close()
    return end, num_bytes


def _groups(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Documents in turn, about `AT_ONCE` bytes of them at a time."""
    group, size = [], 0
    for document in documents:
        group.append(document)
        size += document.data.size
        if size >= AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
