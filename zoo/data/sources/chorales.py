"""Chorales in four voices, sixteenth by sixteenth, as JSON (Boulanger-Lewandowski et al. 2012, with
the voices apart as Huang et al. 2017 have them, Coconet).

    {"train": [[[67, 62, 59, 43], …], …], "valid": …, "test": …}

A piece is a list of steps, a step the pitches of soprano, alto, tenor and bass; -1 is silence.
"""

import json
from typing import Any

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.data.sources import Document
from zoo.data.sources._files import lines
from zoo.data.sources._midi import OfMidi
from zoo.music.grid import SILENCE, off_grid
from zoo.music.midi import write
from zoo.music.notes import NUM_PITCHES

STEPS_PER_QUARTER = 4


class Chorales(OfMidi):
    """`path` is the file, `held_out` the part of it that is held out. Every piece is a document, a
    MIDI file with a track a voice.
    Raises ZooError for a file that holds anything else."""

    def __init__(self, path: str, held_out: str = "valid"):
        self.path, self.held_out = path, held_out

    def train(self):
        return self._part("train", "path")

    def validation(self):
        return self._part(self.held_out, "held_out")

    def _part(self, name: str, option: str) -> list[Document]:
        try:
            held = json.loads("\n".join(lines(self.path, "path")))
        except (ValueError, RecursionError) as wrong:
            raise ZooError(f"{self.path}: not JSON: {wrong}.", "path") from wrong
        if not isinstance(held, dict):
            raise ZooError(f"{self.path}: found {shown(held)}, expected a JSON object.", "path")
        if not isinstance(held.get(name), list) or not held[name]:
            text = f"{self.path}: holds no pieces {shown(name)}. {suggest(name, held)}"
            raise ZooError(text, option)
        pieces = enumerate(held[name])
        return [self._document(f"{self.path}: {name} {n}", piece) for n, piece in pieces]

    def _document(self, name: str, piece: Any) -> Document:
        try:
            grid = np.array(piece)
        except ValueError:  # steps of different sizes
            grid = np.zeros(0)
        whole = grid.ndim == 2 and grid.size and grid.dtype.kind == "i"
        if not whole or grid.min() < -1 or grid.max() >= NUM_PITCHES:
            wanted = f"steps of as many pitches each, -1 to {NUM_PITCHES - 1}"
            raise ZooError(f"{name}: found {shown(piece)}, expected {wanted}.", "path")
        notes, seconds = off_grid(np.where(grid < 0, SILENCE, grid), STEPS_PER_QUARTER)
        midi = write(notes, grid.shape[1], seconds)
        return Document(name, np.frombuffer(midi, "uint8"))
