"""Pictures to look at, and what they are called to be written (Vinyals et al. 2015, Show and Tell,
arXiv:1411.4555)."""

import numpy as np

from zoo.core.errors import ZooError, shown
from zoo.core.kinds import to_config
from zoo.core.types import PositiveInt
from zoo.data.batching import Batch
from zoo.data.batching._captioned import Captioned
from zoo.tokenizers.bytes import Bytes


class Captions(Captioned):
    """The bytes of a document before its answer are a picture, row by row; the answer is its
    caption, cut to `sequence_length` tokens. Inputs are `encoder_images` float32 `b y x c`, 0 to
    255, and `token_ids` int32 `b t`: an end token, from which captions begin, and the caption.
    Targets are the caption and an end token, int32 `b t`.
    Raises ZooError for a tokenizer that does not read byte by byte, as pictures are."""

    def __init__(self, sequence_length: PositiveInt, **kwargs):
        super().__init__(**kwargs)
        self.sequence_length = sequence_length

    def written(self, corpus, captions):
        if type(corpus.tokenizer) is not Bytes:
            found = shown(to_config(corpus.tokenizer)["kind"])
            raise ZooError(f"found the tokenizer {found}, expected bytes: so pictures are read.")
        rows = np.full((len(captions), self.sequence_length), corpus.end_token_id, np.int32)
        for row, caption in zip(rows, captions):
            cut = np.frombuffer(caption, "uint8")[: self.sequence_length]
            row[: cut.size] = cut
        return rows

    def told(self, tokenizer, documents):
        read = [(one.data[: one.answers[-1][0]], one.name) for one in documents]
        return {"encoder_images": np.stack([self.pixels(*one) for one in read]).astype("float32")}

    def batch(self, corpus, step):
        return self._shown(corpus, super().batch(corpus, step))

    def make(self, corpus, places):
        return self._shown(corpus, super().make(corpus, places))

    def _shown(self, corpus, seen):
        end, targets = corpus.end_token_id, seen.targets
        first = np.full((len(targets), 1), end, np.int32)
        told = np.concatenate([first, targets[:, :-1]], axis=1)
        ended = np.cumsum(told[:, 1:] == end, axis=1) > 0
        weights = np.pad(~ended, ((0, 0), (1, 0)), constant_values=True) * seen.weights
        inputs = {"encoder_images": seen.inputs["images"], "token_ids": told}
        return Batch(inputs, targets, weights.astype("float32"))
