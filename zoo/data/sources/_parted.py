"""Documents held out where there is no file of them."""

from collections.abc import Sequence
from typing import TypeVar

from zoo.core.errors import ZooError

One = TypeVar("One")


def parted(documents: Sequence[One], fraction: float | None) -> tuple[list[One], list[One]]:
    """Those to train on, and a `fraction` held out, spread evenly over all; none for None. Raises
    ZooError for a fraction that leaves nothing on one side."""
    if fraction is None:
        return list(documents), []
    sides: tuple[list[One], list[One]] = [], []
    for place, document in enumerate(documents):
        sides[int((place + 1) * fraction) > int(place * fraction)].append(document)
    if not all(sides):
        text = f"found {fraction}, which leaves {len(sides[0])} of {len(documents)} documents to"
        raise ZooError(f"{text} train on and {len(sides[1])} held out.", "validation_fraction")
    return sides
