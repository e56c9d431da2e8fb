"""Notes on a grid: at every step, what each voice sings."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.music.notes import LOUD, MOST, NUM_PITCHES, TOO_LONG, Notes, Score

SILENCE = NUM_PITCHES
"""What stands in a grid where a voice is silent."""
QUARTER = 0.5
"""Seconds of a quarter note that is written."""


def on_grid(score: Score, num_voices: int, steps_per_quarter: int) -> np.ndarray:
    """The voices of a score, in the order of its tracks -> int64 `t v`, pitches; each note takes a
    step at the least. Raises ZooError for more voices, and for what lasts too long."""
    if score.num_voices > num_voices:
        found = f"found {score.num_voices} voices (tracks and channels)"
        raise ZooError(f"{found}, expected at most {num_voices}.")
    notes = score.written
    start, end = (np.rint(x * steps_per_quarter).astype(int) for x in (notes.start, notes.end))
    end = np.maximum(end, start + 1)
    length = max(round(score.num_quarters * steps_per_quarter), *end, 0)
    if max(length * num_voices, int((end - start).sum())) > MOST:
        raise ZooError(TOO_LONG)
    grid = np.full((length, num_voices), SILENCE)
    for first, stop, pitch, voice in zip(start, end, notes.pitch, notes.voice):
        grid[first:stop, voice] = pitch
    return grid


def off_grid(grid: np.ndarray, steps_per_quarter: int) -> tuple[Notes, float]:
    """int `t v` -> notes in seconds, and how long they and the silence behind them are. Steps of
    one pitch in a row are one note: a grid does not tell a note that is held from one that is
    struck again."""
    step, rows = QUARTER / steps_per_quarter, []
    for voice, line in enumerate(np.asarray(grid).T):
        ends = np.flatnonzero(np.diff(line, append=-1)) + 1
        starts = [0, *ends[:-1]]
        for first, stop in zip(starts, ends.tolist()):
            if line[first] < NUM_PITCHES:
                rows.append((first * step, stop * step, line[first], LOUD, voice))
    return Notes.of(rows), len(grid) * step
