"""What is in a picture, as documents say it: an object a line.

A line is the class and its box, `circle 0.5 0.25 0.1 0.2`: the centre from the left and from the
top, width and height, as parts of the picture. Where a model says it, how sure it is stands between
the two.
"""

from collections.abc import Iterable
from typing import NamedTuple

from zoo.core.errors import ZooError, shown


class Seen(NamedTuple):
    label: str
    box: tuple[float, ...]
    """Centre from the left and from the top, width, height."""
    score: float | None = None
    """How sure a model is, 0 to 1; None where it is known."""


def written(objects: Iterable[Seen]) -> str:
    """A line for each."""
    return "\n".join(" ".join([label, *_numbers(box, score)]) for label, box, score in objects)


def _numbers(box: tuple[float, ...], score: float | None) -> list[str]:
    return [f"{number:.6g}" for number in (*([] if score is None else [score]), *box)]


def seen(text: str, name: str, scored: bool = False) -> list[Seen]:
    """The objects of a document called `name`. Raises ZooError for a line that is none."""
    number = 5 if scored else 4
    found = []
    for place, line in enumerate(text.splitlines(), 1):
        label, *rest = line.rsplit(maxsplit=number) or [""]
        try:
            *score, x, y, width, height = map(float, rest)
            if len(score) != number - 4 or not all(0 <= one <= 1 for one in (x, y, width, height)):
                raise ValueError
        except ValueError as wrong:
            text = f"{name}: line {place} of its answer is {shown(line)}"
            expected = "a class and its box, x y width height, each from 0 to 1"
            raise ZooError(f"{text}, expected {expected}.") from wrong
        found.append(Seen(label, (x, y, width, height), *score))
    return found
