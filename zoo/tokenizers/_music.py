"""What tokenizers of music share: a document is a MIDI file, and so is what is written."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from zoo.music.midi import read, write
from zoo.music.notes import Notes, Score
from zoo.tokenizers import Tokenizer


class Music(Tokenizer):
    """The contract of tokenizers of music. Their pieces are names of tokens, for people to read; a
    file is written when its last token is known."""

    tells_bytes = False  # those of a MIDI file say nothing of how much music there is
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

    def places(self, token_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Token ids `t` -> when each is heard, in seconds, and its pitch, NaN for what is no note
        that begins: float64 `t` each."""
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

    def graph_read(self, notes: Any, name: Any) -> Any:
        """`from_score` in a graph: `Heard` -> token ids, int32 `t`. InvalidArgumentError, whose
        message begins with `name`, string."""
        raise NotImplementedError

    def graph_notes(self, token_ids: Any) -> tuple[Any, Any]:
        """`notes` in a graph: token ids, int `t` -> `Rows`, and how many ticks they last."""
        raise NotImplementedError

    def tokenize(self, text):
        """MIDI files, string `b` -> ragged int32 token ids `b (t)`; of nothing at all, none. An
        error names the place of a file, as `midi[1]`."""
        import tensorflow as tf

        from zoo.tokenizers._midi_notes import heard

        text = tf.convert_to_tensor(text)
        places = tf.strings.as_string(tf.range(tf.size(text)))
        nothing = lambda: tf.zeros([0], tf.int32)  # noqa: E731

        def one(given):
            midi, name = given
            found = lambda: self.graph_read(heard(midi, name), name)  # noqa: E731
            return tf.cond(tf.strings.length(midi) > 0, found, nothing)

        names = tf.strings.join(["midi[", places, "]"])
        like = tf.RaggedTensorSpec([None], tf.int32, ragged_rank=0)
        return tf.map_fn(one, (text, names), fn_output_signature=like)

    def detokenize(self, token_ids, continues=False):
        """Token ids `b t` -> MIDI files, string `b`."""
        import tensorflow as tf

        from zoo.tokenizers._midi_bytes import written

        def one(ids):
            notes, ticks = self.graph_notes(ids)
            return written(notes, self.num_voices, ticks)

        like = tf.TensorSpec([], tf.string)
        return tf.map_fn(one, token_ids, fn_output_signature=like)

    def seconds(self, token_ids: Any) -> Any:
        """Token ids `b t` -> how long the music is, float32 `b`. Works inside a SavedModel."""
        import tensorflow as tf

        from zoo.tokenizers._midi_tokens import TICKS

        ticks = tf.map_fn(
            lambda ids: self.graph_notes(ids)[1],
            token_ids,
            fn_output_signature=tf.TensorSpec([], tf.int64),
        )
        return tf.cast(ticks, tf.float32) / TICKS

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
