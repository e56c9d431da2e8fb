"""Where text comes from: documents, kept apart, read in place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zoo.core.kinds import Kind

if TYPE_CHECKING:
    from zoo.tokenizers import Tokenizer


class Document(NamedTuple):
    """A stretch of one file. Those of a large file are mapped, not loaded."""

    name: str
    data: np.ndarray
    """uint8 `t`, the bytes of its text."""
    answers: tuple[tuple[int, int], ...] = ()
    """Start and stop, in bytes and in order, of every stretch of the text that answers what stands
    before it. Empty where nothing is asked."""
    support: tuple[tuple[int, int], ...] = ()
    """Start and stop, in bytes, of every stretch that an answer follows from, where it is known."""

    def parts(self) -> list[np.ndarray]:
        """Its text in pieces: what is given, an answer, what is given, an answer, and so on."""
        return np.split(self.data, np.ravel(self.answers)) if self.answers else [self.data]


class Columns(NamedTuple):
    """What is known of each of n documents as a tokenizer writes them. All may be read from a disk
    when they are asked for."""

    names: Sequence[str]
    tokens: Sequence[np.ndarray]
    """Integer `t` of each, without an end token."""
    answers: Sequence[np.ndarray]
    """Of each at which of its tokens answers start and stop, int64 `a 2`. An answer begins a token
    of its own."""
    answered: np.ndarray
    """int64 `n`, where the last answer of each stops, 0 without any."""
    starts: np.ndarray
    """int64 `n+1`, where each begins and the last ends, counting an end token behind each."""
    num_bytes: int
    """The size of the text they stand for."""


def tokenized(documents: Sequence[Document], tokenizer: Tokenizer) -> Columns:
    """Documents as a tokenizer writes them."""
    documents = list(documents)  # which may be read anew whenever they are gone through
    parts = [document.parts() for document in documents]
    read = iter(tokenizer.read_all([part for one in parts for part in one]))
    found = [[next(read) for _ in one] for one in parts]
    tokens = [np.concatenate(one) if len(one) > 1 else one[0] for one in found]
    ends = [np.cumsum([part.size for part in one])[:-1] for one in found]
    return Columns(
        names=[document.name for document in documents],
        tokens=tokens,
        answers=[end.reshape(-1, 2) for end in ends],
        answered=np.array([end[-1] if end.size else 0 for end in ends], np.int64),
        starts=np.concatenate([[0], np.cumsum([one.size + 1 for one in tokens], dtype=np.int64)]),
        num_bytes=sum(document.data.size for document in documents),
    )


class Source(Kind):
    shelf = "data/sources"
    left_out: Sequence[str] = ()
    """What of its records could not be read and was left out, once they were read, and why."""

    def train(self) -> Sequence[Document]:
        """The documents to train on. Raises ZooError when there are none."""
        raise NotImplementedError

    def validation(self) -> Sequence[Document]:
        """The documents held out; an empty list when the recipe names none."""
        raise NotImplementedError

    def prompt(self, text: str) -> bytes:
        """What a model that learned from these documents is asked to go on with, or to answer:
        the text itself, unless documents have a form of their own. Raises ZooError."""
        return os.fsencode(text)

    def columns(self, tokenizer: Tokenizer) -> tuple[Columns, Columns]:
        """`train` and `validation` as a tokenizer writes them. Raises ZooError."""
        return tokenized(self.train(), tokenizer), tokenized(self.validation(), tokenizer)
