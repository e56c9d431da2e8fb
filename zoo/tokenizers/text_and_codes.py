"""A caption and the picture it belongs to, in one row of tokens (Ramesh et al. 2021, DALL-E,
arXiv:2102.12092, section 2.2)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.core.types import PositiveInt
from zoo.tokenizers import Tokenizer
from zoo.tokenizers.image_codes import ImageCodes


class TextAndCodes(ImageCodes):
    """Pictures as in `image_codes`. Behind their tokens are those of a tokenizer of `text`, and
    then one for every place of `text_length` at which a caption may have ended: each is a token of
    its own, as in the paper. Longer captions are cut.
    Raises ZooError for classes besides, and for a tokenizer of text that has yet to be learned."""

    def __init__(self, text_length: PositiveInt, text: Tokenizer = "bytes", **kwargs):
        super().__init__(**kwargs)
        if self.num_classes:
            raise ZooError(f"found {self.num_classes}, but captions tell.", "num_classes")
        self.text_length, self.text = text_length, make(Tokenizer, text)
        if self.text.files and not self.text.assets:
            kind = to_config(self.text)["kind"]
            raise ZooError(f"found {kind} without a path, expected one that is learned.", "text")
        self.first_text_id = self.vocabulary_size
        self.first_ended_id = self.first_text_id + self.text.vocabulary_size
        self.vocabulary_size = self.first_ended_id + text_length

    def captions(self, texts: Sequence[bytes]) -> np.ndarray:
        """UTF-8 texts -> token ids, int32 `b t`, `text_length` of each."""
        ended = self.first_ended_id + np.arange(self.text_length, dtype="int32")
        rows = np.repeat(ended[None], len(texts), axis=0)
        found = self.text.read_all([np.frombuffer(text, "uint8") for text in texts])
        for row, ids in zip(rows, found):
            cut = ids[: self.text_length]
            row[: cut.size] = self.first_text_id + cut.astype("int32")
        return rows

    def captioned(self, texts: Any) -> Any:
        """`captions` of tensors, in the graph of a SavedModel: string `b` -> int32 `b t`."""
        import tensorflow as tf

        cut = self.text.tokenize(texts)[:, : self.text_length]
        ids = self.first_text_id + cut.to_tensor(shape=[None, self.text_length])
        there = tf.sequence_mask(cut.row_lengths(), self.text_length)
        return tf.where(there, ids, self.first_ended_id + tf.range(self.text_length))

    @property
    def custom_ops(self):
        return self.text.custom_ops

    def resources(self):
        return [*super().resources(), *self.text.resources()]

    def fingerprint(self):
        return f"{super().fingerprint()} {self.text.fingerprint()}"
