"""Documents held out where there is no file of them."""

from collections.abc import Sequence
from typing import TypeVar

from zoo.core.errors import ZooError
from zoo.core.types import Fraction
from zoo.data.sources import Document, Source

One = TypeVar("One")


def parted(documents: Sequence[One], fraction: float | None) -> tuple[list[One], list[One]]:
    """Those to train on, and a `fraction` held out, spread evenly over all; none for None. Raises
    ZooError for a fraction that leaves nothing on one side."""
    if fraction is None:
        return list(documents), []
    sides: tuple[list[One], list[One]] = [], []
    for place, document in enumerate(documents):
        sides[held(place, fraction)].append(document)
    if not all(sides):
        text = f"found {fraction}, which leaves {len(sides[0])} of {len(documents)} documents to"
        raise ZooError(f"{text} train on and {len(sides[1])} held out.", "validation_fraction")
    return sides


def held(place: int, fraction: float | None) -> bool:
    """Whether the document at a place is one of a `fraction` that is spread evenly over all."""
    return int((place + 1) * (fraction or 0.0)) > int(place * (fraction or 0.0))


class Parted(Source):
    """Documents of one file, and of another, or a part of the same, that are held out. Subclasses
    read a file."""

    def __init__(
        self,
        path: str,
        validation_path: str | None = None,
        validation_fraction: Fraction | None = None,
    ):
        if validation_path and validation_fraction:
            raise ZooError("give this or validation_fraction, not both.", "validation_path")
        self.path, self.validation_path = path, validation_path
        self.validation_fraction = validation_fraction

    def documents(self, path: str, option: str) -> list[Document]:
        """Those of the file that an option names. Raises ZooError at the option."""
        raise NotImplementedError

    def train(self):
        return parted(self.documents(self.path, "path"), self.validation_fraction)[0]

    def validation(self):
        if self.validation_path is None:
            return parted(self.documents(self.path, "path"), self.validation_fraction)[1]
        return self.documents(self.validation_path, "validation_path")
