"""Where text comes from: documents, kept apart, read in place."""

from typing import NamedTuple

import numpy as np

from zoo.core.kinds import Kind


class Document(NamedTuple):
    """A stretch of one file. Those of a large file are mapped, not loaded."""

    name: str
    data: np.ndarray


class Source(Kind):
    shelf = "data/sources"

    def train(self) -> list[Document]:
        """The documents to train on. Raises ZooError when there are none."""
        raise NotImplementedError

    def validation(self) -> list[Document]:
        """The documents held out; an empty list when the recipe names none."""
        raise NotImplementedError
