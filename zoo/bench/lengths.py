"""Lengths as a person writes them: `1024`, `4k`, doublings `1k..64k`, joined by commas."""

import re

from zoo.core.errors import ZooError, shown

KILO = 1024
LONGEST = 2**30
EXPECTED = "expected such as 1024, 4k or doublings 1k..64k, joined by commas"


def parse(text: str) -> list[int]:
    """Every length in `text` once, from short to long. Raises ZooError."""
    return sorted({length for part in text.split(",") for length in _doublings(part.strip())})


def brief(length: int) -> str:
    """4096 -> `4k`, 1000 -> `1000`: what `parse` reads back."""
    return str(length) if length % KILO else f"{length // KILO}k"


def _doublings(part: str) -> list[int]:
    first, dots, last = part.partition("..")
    found, end = [_number(first, part)], _number(last, part) if dots else None
    while end and found[-1] < end:
        found.append(2 * found[-1])
    if end and found[-1] != end:
        near = f"{brief(found[-2])} and {brief(found[-1])}" if found[1:] else "larger ones"
        raise ZooError(
            f"lengths: found {shown(part)}: doubling {first} gives {near}, never {last}."
        )
    return found


def _number(text: str, part: str) -> int:
    said = re.fullmatch(r"([0-9]{1,10})(k?)", text.strip().lower())
    if said is None:
        raise ZooError(f"lengths: found {shown(part)}, {EXPECTED}.")
    length = int(said[1]) * (KILO if said[2] else 1)
    if not 0 < length <= LONGEST:
        raise ZooError(f"lengths: found {shown(part)}, expected 1 to {LONGEST:,} tokens.")
    return length
