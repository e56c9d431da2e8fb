"""Documents that are drawn from a seed, not read from files."""

from collections.abc import Iterator

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt, Seed
from zoo.data.sources import Document, Source

PATIENCE = 10_000
"""Drawn texts in a row of which none is new, after which no more are hoped for."""

Drawn = tuple[bytes, tuple[tuple[int, int], ...]]
"""A text, and where its answers stand."""


class Synthetic(Source):
    """The contract of drawn sources. No two documents are alike; those held out are drawn first, so
    they stay the same however many are trained on."""

    def __init__(
        self,
        num_documents: PositiveInt = 20_000,
        num_validation_documents: PositiveInt = 500,
        seed: Seed = 0,
    ):
        self.num_documents = num_documents
        self.num_validation_documents = num_validation_documents
        self.seed = seed

    def draw(self, random: np.random.Generator) -> Iterator[Drawn]:
        """Texts without end, each drawn on its own."""
        raise NotImplementedError

    def train(self):
        """Raises ZooError when there are not as many different documents as are wanted."""
        return self._documents(self.num_documents)[self.num_validation_documents :]

    def validation(self):
        return self._documents(0)

    def _documents(self, trained: int) -> list[Document]:
        wanted = self.num_validation_documents + trained
        found: dict[bytes, tuple] = {}
        in_vain = 0
        for text, answers in self.draw(np.random.default_rng(self.seed)):
            in_vain = in_vain + 1 if text in found else 0
            found[text] = answers
            if len(found) == wanted:
                break
            if in_vain == PATIENCE:
                raise ZooError(
                    f"found {len(found):,} different documents and no more, expected {wanted:,} "
                    "with those held out. Ask for fewer, or for longer ones of more symbols.",
                    "num_documents",
                )
        texts = enumerate(found.items())
        name = type(self).__name__
        return [Document(f"{name} {n}", np.frombuffer(text, "uint8"), a) for n, (text, a) in texts]
