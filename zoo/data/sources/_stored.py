"""Documents as token ids in files of NumPy, mapped into memory and read in place.

A folder holds one split: `ids` of all documents in a row, without end tokens; `starts`, where each
begins in a corpus; `answers` of all documents, `n 2`, `answer_starts`, where those of each begin,
and `answered`; `names` of all documents in UTF-8, and `name_starts`.
"""

import operator
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.data.sources import Columns

ARRAYS = ("ids", "starts", "answers", "answer_starts", "answered", "names", "name_starts")


class Stretches(Sequence):
    """Stretches of one array, cut when they are asked for; `gap` places between two of them are
    counted in `starts`, int `n+1`, but not there."""

    def __init__(
        self,
        values: np.ndarray,
        starts: np.ndarray,
        gap: int = 0,
        read: Callable[[np.ndarray], Any] = np.asarray,
    ):
        self.values, self.starts, self.gap, self.read = values, starts, gap, read

    def __len__(self):
        return len(self.starts) - 1

    def __getitem__(self, place):
        place = operator.index(place)
        if not 0 <= place < len(self):
            raise IndexError(place)
        start = int(self.starts[place]) - self.gap * place
        stop = int(self.starts[place + 1]) - self.gap * (place + 1)
        return self.read(self.values[start:stop])


def stored(folder: Path, num_bytes: int) -> Columns:
    """The documents in a folder; nothing is read yet. Raises ZooError for damaged files."""
    ids, starts, answers, answer_starts, answered, names, name_starts = (
        _mapped(folder / f"{name}.npy") for name in ARRAYS
    )
    number = len(starts) - 1
    sizes = [len(answered), len(answer_starts) - 1, len(name_starts) - 1]
    if sizes != [number] * 3 or int(starts[-1]) != len(ids) + number:
        raise ZooError(f"{folder}: its files do not belong together.", "path")
    return Columns(
        names=Stretches(names, name_starts, read=lambda name: os.fsdecode(name.tobytes())),
        tokens=Stretches(ids, starts, gap=1),
        answers=Stretches(answers, answer_starts),
        answered=answered,
        starts=starts,
        num_bytes=num_bytes,
    )


def _mapped(file: Path) -> np.ndarray:
    try:
        return np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as wrong:
        reason = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0]
        raise ZooError(f"{file} is missing or damaged: {reason}", "path") from wrong
