"""A performance as events: a note on, a note off, time passing, another velocity.

Oore et al. 2018 (arXiv:1808.03715, section 3.2), as the Music Transformer reads it (Huang et al.
2018, section 4.2): 388 events.
"""

import numpy as np

from zoo.core.errors import ZooError
from zoo.music.notes import LOUD, MOST, NUM_PITCHES, TOO_LONG, Notes
from zoo.tokenizers._music import Music, limited

PER_SECOND = 100
"""Steps of time."""
LONGEST = 100
"""Steps that one event lets pass at the most."""
BINS = 32
PER_BIN = 4
"""Velocities that are not told apart."""
ON, OFF, SHIFT, VELOCITY = 0, NUM_PITCHES, 2 * NUM_PITCHES, 2 * NUM_PITCHES + LONGEST
"""The first of the events of each kind."""
END = VELOCITY + BINS


class MusicEvents(Music):
    """Token ids 0 to 127 begin a note, 128 to 255 end one, 256 to 355 let 10 milliseconds to a
    second pass, 356 to 387 say how hard notes are struck from here on; 388 ends a piece.

    Of two notes of one pitch the first ends where the second begins. What is left of a file are
    times in steps of 10 milliseconds, velocities in steps of four, and no voices.
    """

    vocabulary_size = END + 1
    end_token_id = END

    def from_score(self, score):
        start, end, pitch, velocity = _steps(score.heard)
        _within(max(end, default=0) // LONGEST)
        bins = (velocity - 1) // PER_BIN
        begins = zip(start.tolist(), [1] * start.size, pitch.tolist(), bins.tolist())
        ends = zip(end.tolist(), [0] * end.size, pitch.tolist(), bins.tolist())
        ids: list[int] = []
        now, loud = 0, -1
        for time, on, note, how in sorted([*begins, *ends]):
            ids += _waited(time - now)
            if on and how != loud:
                ids.append(VELOCITY + how)
                loud = how
            ids.append((ON if on else OFF) + note)
            now = time
        _within(len(ids))
        return np.array(ids, "int64")

    def notes(self, token_ids):
        """A note off without a note is left out; what sounds at the end ends there."""
        rows, sounding, now, loud = [], {}, 0, LOUD

        def end(pitch):
            first, how = sounding.pop(pitch, (now, 0))
            if first < now:
                rows.append((first / PER_SECOND, now / PER_SECOND, pitch, how, 0))

        for event in np.asarray(token_ids).tolist():
            if event < OFF:
                end(event)
                sounding[event] = now, loud
            elif event < SHIFT:
                end(event - OFF)
            elif event < VELOCITY:
                now += event - SHIFT + 1
            elif event < END:
                loud = (event - VELOCITY) * PER_BIN + 1
        for pitch in list(sounding):
            end(pitch)
        return Notes.of(rows), now / PER_SECOND

    def places(self, token_ids):
        passing = (token_ids >= SHIFT) & (token_ids < VELOCITY)
        time = np.cumsum(np.where(passing, token_ids - SHIFT + 1, 0)) / PER_SECOND
        return time, np.where(token_ids < OFF, token_ids, np.nan)

    def graph_read(self, notes, name):
        from zoo.tokenizers._midi_tokens import events_of

        return events_of(notes, name)

    def graph_notes(self, token_ids):
        from zoo.tokenizers._midi_tokens import events_to

        return events_to(token_ids)

    def transposed(self, token_ids, semitones):
        noted = token_ids < SHIFT
        by = limited(token_ids[noted] % NUM_PITCHES, semitones, NUM_PITCHES)
        return np.where(noted, token_ids + by, token_ids)

    def stretched(self, token_ids, factor):
        passing = (token_ids >= SHIFT) & (token_ids < VELOCITY)
        time = np.cumsum(np.where(passing, token_ids - SHIFT + 1, 0))
        time = np.rint(time * factor).astype(int)
        ids: list[int] = []
        now = 0
        for at, event in zip(time[~passing].tolist(), token_ids[~passing].tolist()):
            ids += [*_waited(at - now), event]
            now = at
        ids += _waited(int(time[-1]) - now) if time.size else []
        return np.array(ids, "int64")

    def pieces(self):
        notes = [f"{kind}{pitch} " for kind in ("on", "off") for pitch in range(NUM_PITCHES)]
        times = [f"+{10 * step}ms " for step in range(1, LONGEST + 1)]
        names = [*notes, *times, *(f"velocity{PER_BIN * step + 1} " for step in range(BINS))]
        return [*map(str.encode, names), b""]


def _within(number: int) -> None:
    if number > MOST:
        raise ZooError(TOO_LONG)


def _waited(steps: int) -> list[int]:
    """The events that let so many steps pass."""
    whole, rest = divmod(steps, LONGEST)
    return [SHIFT + LONGEST - 1] * whole + [SHIFT + rest - 1] * bool(rest)


def _steps(notes: Notes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Notes in steps: starts, ends, pitches and velocities, int64 `n`. Every note takes a step; of
    those of one pitch that begin together the last is kept."""
    start, end = (np.rint(x * PER_SECOND).astype(int) for x in (notes.start, notes.end))
    end = np.maximum(end, start + 1)
    order = np.lexsort((start, notes.pitch))
    start, end, pitch, velocity = (x[order] for x in (start, end, notes.pitch, notes.velocity))
    same = pitch[1:] == pitch[:-1]
    end[:-1] = np.where(same, np.minimum(end[:-1], start[1:]), end[:-1])
    kept = end > start
    return start[kept], end[kept], pitch[kept], velocity[kept]
