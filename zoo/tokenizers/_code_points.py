"""Code points by class, for graphs: as the library that trains sees them, in ranges."""

from typing import Any

import numpy as np

NUM_CODE_POINTS = 0x110000
SURROGATES = range(0xD800, 0xE000)
"""No characters: they stand in no text."""
PLANES = (range(0x40000), range(0xE0000, NUM_CODE_POINTS))
"""Where characters are, or are for private use; those between are unassigned."""


def _asked() -> list[int]:
    return [point for plane in PLANES for point in plane if point not in SURROGATES]


def characters() -> list[str]:
    """Every character that may be unlike its neighbours, in order; the last of the first PLANES
    stands for those of the planes left out."""
    return [chr(point) for point in _asked()]


def by_code_point(by_character: np.ndarray) -> np.ndarray:
    """A value for each of `characters()` -> a value for each code point."""
    asked = np.array(_asked())
    unassigned = by_character[asked == PLANES[0].stop - 1][0]
    table = np.full(NUM_CODE_POINTS, unassigned, by_character.dtype)
    table[asked] = by_character
    return table


class Ranges:
    """A table from code points to small numbers, kept as the runs of equal ones."""

    def __init__(self, table: np.ndarray):
        self.starts = np.flatnonzero(np.diff(table, prepend=-1)).astype("int32")
        self.values = table[self.starts].astype("int32")

    def __call__(self, points: Any) -> Any:
        """int32 `n` -> int32 `n`, in a graph."""
        import tensorflow as tf

        place = tf.searchsorted(self.starts, points, side="right") - 1
        return tf.gather(self.values, place)
