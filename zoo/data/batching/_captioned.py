"""What batchings share whose documents are pictures, each with a caption."""

from typing import Literal

import numpy as np

from zoo.data.batching import Batch, generator, require
from zoo.data.batching._pictured import Pictured
from zoo.data.corpus import Corpus


class Captioned(Pictured):
    """The contract of batches of pictures, as `Pictured` has them, and their captions, which are
    the answers of documents. `captions` are each picture's own, or those of others, to measure what
    they tell."""

    def __init__(self, captions: Literal["own", "others"] = "own", **kwargs):
        super().__init__(**kwargs)
        self.captions = captions

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        return self._captioned(corpus, self.places(corpus, step))

    def make(self, corpus, places):
        return self._captioned(corpus, places)

    def written(self, corpus: Corpus, captions: list[bytes]) -> np.ndarray:
        """UTF-8 captions -> their token ids, int32 `b t`."""
        raise NotImplementedError

    def _captioned(self, corpus: Corpus, documents: np.ndarray) -> Batch:
        """`images` float32 `b y x c`, 0 to 255; their captions as targets, int32 `b t`; and which
        are there, float32 `b 1`."""
        images, answers, there = self.read(corpus, documents)
        if self.captions == "others":
            answers = self.read(corpus, self._others(corpus)[documents])[1]
        targets = self.written(corpus, [answer.encode() for answer in answers])
        return Batch({"images": images}, targets, there.astype("float32")[:, None])

    def _others(self, corpus: Corpus) -> np.ndarray:
        """For each document another one, whose caption it gets, int `n+1`: all in a ring, in an
        order drawn once. What is behind the last stays."""
        number = len(corpus.names)
        ring, other = generator(self.seed, 0, 6).permutation(number), np.arange(number + 1)
        other[ring] = np.roll(ring, 1)
        return other
