"""What tokenizers of music share: a document is a MIDI file, and so is what is written."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.music.midi import read, write
from zoo.music.notes import Notes, Score
from zoo.tokenizers import Tokenizer

NO_GRAPH = (
    "no graph reads MIDI files: models of music are not exported, but zoo generate runs them."
)


class Music(Tokenizer):
    """The contract of tokenizers of music. Their pieces are names of tokens, for people to read; a
    file is written when its last token is known."""

    in_graph = False
    unit: int = 1
    """How many tokens belong together: a text may be cut between two units."""
    num_voices: int = 1
    """How many tracks a file has that is written."""

    def from_score(self, score: Score) -> np.ndarray:
        """What a MIDI file says -> token ids, int64 `t`. Raises ZooError."""
        raise NotImplementedError

    def notes(self, token_ids: np.ndarray) -> tuple[Notes, float]:
        """Token ids, int `t`, any at all -> notes in seconds, and how long they are together."""
        raise NotImplementedError

    def transposed(self, token_ids: np.ndarray, semitones: int) -> np.ndarray:
        """Token ids `t` -> the same music so much higher, `t`; less, where a note would be none."""
        raise NotImplementedError

    def stretched(self, token_ids: np.ndarray, factor: float) -> np.ndarray:
        """Token ids -> the same music, that lasts so many times as long. Raises ZooError for a
        kind whose time has no measure."""
        raise NotImplementedError

    def midi(self, token_ids: Iterable[int]) -> bytes:
        """Token ids -> a MIDI file."""
        notes, seconds = self.notes(np.fromiter(token_ids, "int64"))
        return write(notes, self.num_voices, seconds)

    def read_all(self, documents):
        return [self._read(document.astype("uint8").tobytes()) for document in documents]

    def _read(self, midi: bytes) -> np.ndarray:
        ids = self.from_score(read(midi)) if midi else np.zeros(0)
        return ids.astype(np.min_scalar_type(self.vocabulary_size))

    def tokenize(self, text):
        raise ZooError(NO_GRAPH)

    def detokenize(self, token_ids, continues=False):
        raise ZooError(NO_GRAPH)

    def stream(self, token_ids, continues=False):
        yield self.midi(token_ids)

    def said(self, token_ids):
        names = self.pieces()
        return b"".join(names[token] for token in token_ids).decode()

    def going_on(self, prompt: bytes, read: np.ndarray, new: Iterable[int]) -> Iterator[bytes]:
        yield self.midi([*read.tolist(), *new])


def limited(pitches: np.ndarray, semitones: int, num_pitches: int) -> Any:
    """As many semitones as leave every pitch what can be played."""
    if not pitches.size:
        return 0
    return int(np.clip(semitones, -pitches.min(), num_pitches - 1 - pitches.max()))
