"""Notes, and when they sound."""

from typing import NamedTuple

import numpy as np

NUM_PITCHES = 128
MOST = 1 << 18
"""Tokens that a piece is read as: a few bytes can say that it lasts for years."""
TOO_LONG = f"lasts for more than {MOST:,} tokens."
LOUD = 61
"""The velocity of notes of which none is known: in the middle."""


class Notes(NamedTuple):
    """n notes, in the order in which they begin, and of those that begin together the lowest
    first."""

    start: np.ndarray
    """float64 `n`, in seconds, or in quarter notes."""
    end: np.ndarray
    """float64 `n`, behind the start."""
    pitch: np.ndarray
    """int64 `n`, 0 to 127; 60 is the C in the middle."""
    velocity: np.ndarray
    """int64 `n`, how hard each is struck, 1 to 127."""
    voice: np.ndarray
    """int64 `n`, which of the voices each belongs to, counted from 0."""

    @classmethod
    def of(cls, rows: list[tuple]) -> "Notes":
        """From a start, an end, a pitch, a velocity and a voice for each note, in any order."""
        times = np.array([row[:2] for row in rows], "float64").reshape(-1, 2)
        rest = np.array([row[2:] for row in rows], "int64").reshape(-1, 3)
        order = np.lexsort((rest[:, 2], rest[:, 0], times[:, 0]))
        return cls(*times[order].T, *rest[order].T)


class Score(NamedTuple):
    """What a MIDI file says: its notes in seconds, as they are heard, and in quarter notes, as they
    are written."""

    heard: Notes
    written: Notes
    num_voices: int
    """Also those without a note."""
    num_quarters: float
    """How long it is, with the silence at its end."""
