"""Text to token ids and back, in NumPy for training and in the graph for a SavedModel."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from zoo.core.kinds import Kind, options
from zoo.tokenizers._frame import Frame

__all__ = ["Frame", "Tokenizer"]


class Tokenizer(Kind):
    """The contract of every tokenizer. All its methods agree with one another.

    Every token stands for a piece of text, and a text is the pieces of its tokens, joined.
    """

    shelf = "tokenizers"
    vocabulary_size: int
    end_token_id: int
    """Stands after every document ([SEP], </s>, <|endoftext|>); also where a text starts from."""
    start_token_id: int | None = None
    """Stands before what an encoder reads and a decoder writes ([CLS], <s>); None where a kind
    has none, and texts start from the end token."""
    pad_token_id: int | None = None
    """Fills rows behind their end; None where a kind has none, and end tokens do."""
    mask_token_id: int | None = None
    """Stands for a token to be guessed ([MASK]); None where a kind has none."""
    unknown_token_id: int | None = None
    """Stands for what the vocabulary cannot write; None where it can write everything."""
    tells_bytes: ClassVar[bool] = True
    """Whether a document's bytes measure what its tokens tell."""
    leading_space: bool = False
    """Whether the piece of a text's first word begins with a space that the text does not have."""

    files: ClassVar[tuple[str, ...]] = ()
    """The files of a vocabulary; none where there is nothing to learn."""
    assets: dict[str, bytes] = {}
    """What stands in `files`, by name; empty before a vocabulary is learned."""
    custom_ops: ClassVar[dict[str, str]] = {}
    """Operations of TensorFlow Text in the graph of `tokenize`, and the library of each; empty for
    plain TensorFlow."""

    def learn(self, texts: Sequence[bytes]) -> None:
        """Make a vocabulary from texts, the same from the same ones. Raises ZooError."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Write the files of the vocabulary, which the constructor's `path` reads."""
        for name, content in self.assets.items():
            (folder / name).write_bytes(content)

    def fingerprint(self) -> str:
        """The same for tokenizers that write the same: of one kind, options and files. Where a
        vocabulary came from is not part of it."""
        said = {k: v for k, v in options(self).items() if k not in ("path", "vocabulary_size")}
        files = {name: hashlib.sha256(self.assets[name]).hexdigest() for name in self.assets}
        whole = json.dumps([type(self).__name__, said, files], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()

    def read(self, document: np.ndarray) -> np.ndarray:
        """A document's bytes (uint8 `t`) -> its token ids (integer `t`), without an end token."""
        return self.read_all([document])[0]

    def read_all(self, documents: Sequence[np.ndarray]) -> list[np.ndarray]:
        """`read` for each of many documents."""
        raise NotImplementedError

    def tokenize(self, text: Any) -> Any:
        """String tensor `b` -> ragged int32 token ids `b (t)`. Works inside a SavedModel."""
        raise NotImplementedError

    def resources(self) -> list[Any]:
        """What a SavedModel has to keep beside the graph of `tokenize`."""
        return []

    def pieces(self) -> list[bytes]:
        """The text of each token, by id. Those of end, start, padding and mask are empty."""
        raise NotImplementedError

    def detokenize(self, token_ids: Any, continues: Any = False) -> Any:
        """Token ids `b t`, ragged or not -> string tensor `b`. Works inside a SavedModel.

        `continues`: bool, or bool `b`: a text goes on behind another and keeps its first space.
        """
        import tensorflow as tf

        pieces = tf.gather(tf.constant(self.pieces()), tf.cast(token_ids, tf.int32))
        text = tf.strings.reduce_join(pieces, axis=-1)
        if not self.leading_space:
            return text
        alone = tf.strings.regex_replace(text, "^ ", "", replace_global=False)
        return tf.where(continues, text, alone)

    def stream(self, token_ids: Iterable[int], continues: bool = False) -> Iterator[bytes]:
        """Token ids one by one -> their text piece by piece; joined, what `detokenize` gives."""
        pieces, begun = self.pieces(), continues or not self.leading_space
        for token in token_ids:
            piece = pieces[token]
            yield piece if begun else piece.removeprefix(b" ")
            begun = begun or bool(piece)

    def said(self, token_ids: Iterable[int]) -> str:
        """Token ids as a person reads them."""
        return b"".join(self.stream(token_ids)).decode(errors="replace")

    def going_on(self, prompt: bytes, read: np.ndarray, new: Iterable[int]) -> Iterator[bytes]:
        """A prompt, which reads as the token ids int `t`, and what goes on from it, piece by
        piece."""
        yield prompt
        yield from self.stream(new, continues=bool(prompt))
