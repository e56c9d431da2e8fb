"""What tokenizers with a vocabulary share: where it comes from, and how text is handed over."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.folders import at_home
from zoo.core.types import PositiveInt
from zoo.tokenizers import Tokenizer

STRETCH = 1 << 16
AT_ONCE = 64
"""Stretches of text whose tokens a library holds at once, 4 MiB or so: its own record of a token
is a hundred times as large as an id."""
BETWEEN_WORDS = re.compile(rb" (?=[A-Za-z])")


class Learned(Tokenizer):
    """`vocabulary_size` tokens are learned from the training text; or a vocabulary is read from the
    folder `path`. Where both are given they must agree."""

    def __init__(self, vocabulary_size: PositiveInt | None = None, path: str | None = None):
        if vocabulary_size is None and path is None:
            raise ZooError(
                "needs vocabulary_size, to learn so many tokens from the training text, or path, "
                "a folder that holds a vocabulary."
            )
        self.path = path
        if vocabulary_size is not None:
            self.vocabulary_size = vocabulary_size
        if path is not None:
            self._take(_files(Path(at_home(path)), self.files), path)
            if vocabulary_size not in (None, self.vocabulary_size):
                raise ZooError(
                    f"found {vocabulary_size}, but {path} holds {self.vocabulary_size} tokens.",
                    "vocabulary_size",
                )

    def learn(self, texts):
        wanted = self.vocabulary_size
        self._take(self._learned(texts, wanted), "what was learned")
        if self.vocabulary_size != wanted:
            raise ZooError(
                f"found {wanted}, but {sum(map(len, texts)):,} bytes of training text give "
                f"{self.vocabulary_size} tokens. Ask for as many, or use more text.",
                "vocabulary_size",
            )

    def _take(self, assets: dict[str, bytes], where: str) -> None:
        """Keep the files of a vocabulary and open it. Raises ZooError for damaged ones."""
        self.assets = assets
        try:
            self._open()
        except ZooError as wrong:
            raise ZooError(f"{where}: {wrong.text}", "path") from wrong
        except Exception as wrong:  # libraries in other languages raise nothing narrower
            reason = (str(wrong).strip().splitlines() or [type(wrong).__name__])[-1]
            names = " and ".join(assets)
            text = f"{where}: {names} cannot be read as a vocabulary: {reason}"
            raise ZooError(text, "path") from wrong

    def _learned(self, texts: Sequence[bytes], size: int) -> dict[str, bytes]:
        """The files of a vocabulary of `size` tokens, or of as many as the texts give."""
        raise NotImplementedError

    def _open(self) -> None:
        """Read `assets`: set `vocabulary_size` and the ids of special tokens."""
        raise NotImplementedError


def _files(folder: Path, patterns: Sequence[str]) -> dict[str, bytes]:
    """The one file in a folder that each pattern matches, under the pattern's first name."""
    if not folder.is_dir():
        raise ZooError(f"there is no folder {folder}.", "path")
    found = {}
    for pattern in patterns:
        name, *others = pattern.split("|")
        files = next((f for p in (name, *others) if (f := sorted(folder.glob(p)))), [])
        if len(files) != 1:
            there = f"{len(files)} of them" if files else "none"
            wanted = " or ".join([name, *others])
            raise ZooError(f"{folder}: expected one file {wanted}, found {there}.", "path")
        try:
            found[name] = files[0].read_bytes()
        except OSError as wrong:
            raise ZooError(f"{files[0]} cannot be read: {wrong.strerror}.", "path") from wrong
    return found


def stretches(document: np.ndarray) -> Iterator[bytes]:
    """A document in parts of 64 KiB or more, cut before a space and a letter: no word, nor its
    space, is cut, so the tokens of the parts are those of the whole."""
    first = 0
    while first < document.size:
        found = BETWEEN_WORDS.search(memoryview(document[first:]), STRETCH)
        stop = first + found.start() if found else document.size
        yield document[first:stop].tobytes()
        first = stop


def batched(documents: Sequence[np.ndarray]) -> Iterator[tuple[list[int], list[bytes]]]:
    """The stretches of all documents, some at a time, and the place of the document of each."""
    places, parts = [], []
    for place, document in enumerate(documents):
        for part in stretches(document):
            places.append(place)
            parts.append(part)
            if len(parts) == AT_ONCE:
                yield places, parts
                places, parts = [], []
    if parts:
        yield places, parts


def gathered(number: int, size: int, found: Iterator[tuple[list[int], list[Any]]]) -> list:
    """Token ids of stretches, with the place of their document -> those of `number` documents, in
    the smallest type that holds `size` of them."""
    kind = np.min_scalar_type(size - 1)
    tokens: list[list[np.ndarray]] = [[np.zeros(0, kind)] for _ in range(number)]
    for places, ids in found:
        for place, one in zip(places, ids):
            tokens[place].append(np.asarray(one, kind))
    return [np.concatenate(parts) for parts in tokens]


def special(vocabulary: dict[str, int], *names: str) -> int | None:
    """The id of the first of some names that a vocabulary has."""
    return next((vocabulary[name] for name in names if name in vocabulary), None)
