"""Where text comes from: documents, kept apart, read in place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from zoo.core.kinds import Kind


@dataclass(frozen=True, eq=False)
class Document:
    """A stretch of one file. Those of a large file are mapped, not loaded. It unpacks into its name
    and its data, whatever else is known of it."""

    name: str
    data: np.ndarray
    """uint8 `t`, the bytes of its text."""
    answers: tuple[tuple[int, int], ...] = ()
    """Start and stop, in bytes and in order, of every stretch of the text that answers what stands
    before it. Empty where nothing is asked."""

    def __iter__(self) -> Iterator[Any]:
        return iter((self.name, self.data))

    def parts(self) -> list[np.ndarray]:
        """Its text in pieces: what is given, an answer, what is given, an answer, and so on."""
        return np.split(self.data, np.ravel(self.answers)) if self.answers else [self.data]


class Example(NamedTuple):
    """A text and the class it belongs to."""

    text: bytes
    label: int
    """0 to the number of classes, less one."""


class Source(Kind):
    shelf = "data/sources"

    def train(self) -> list[Document]:
        """The documents to train on. Raises ZooError when there are none."""
        raise NotImplementedError

    def validation(self) -> list[Document]:
        """The documents held out; an empty list when the recipe names none."""
        raise NotImplementedError
