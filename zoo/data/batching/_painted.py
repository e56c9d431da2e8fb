"""What batchings share whose pictures are written as tokens, one behind the other."""

import math
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import Probability
from zoo.data.batching import Batch, generator
from zoo.data.corpus import Corpus
from zoo.tokenizers._pictures import pictures


class Painted:
    """Stands before a batching of pictures and their classes. Inputs are `token_ids`, int32 `b t`:
    what a picture begins from, which is its class where the tokenizer has `num_classes`, and all
    its tokens but the last. Targets are its tokens, int32 `b t`, and all count.
    Raises ZooError for a tokenizer that writes no pictures, one that has another number of classes
    or channels, and for pictures that are mixed of two."""

    tells_classes = False
    factor: int | None = None
    """How many rows are written for each that is read, where pictures are read; else None."""

    @property
    def size(self) -> tuple[int, int, int]:
        """Rows, columns and channels of what is written."""
        return self.height, self.width, self.num_channels

    def __init__(self, replaced_fraction: Probability = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.replaced_fraction = replaced_fraction

    def batch(self, corpus: Corpus, step: int) -> Batch:
        painted = self.painted(corpus, super().batch(corpus, step))
        return self.replaced(painted, corpus, generator(self.seed, step, 5))

    def replaced(self, batch: Batch, corpus: Corpus, luck: np.random.Generator) -> Batch:
        """A batch, some tokens of its pictures replaced where they are read."""
        tokens, number = batch.inputs["token_ids"], pictures(corpus.tokenizer).num_picture_tokens
        others = luck.integers(0, number, tokens.shape, dtype=np.int32)
        chosen = (luck.random(tokens.shape) < self.replaced_fraction) & (tokens < number)
        return batch._replace(
            inputs={**batch.inputs, "token_ids": np.where(chosen, others, tokens)}
        )

    def make(self, corpus: Corpus, places: np.ndarray) -> Batch:
        return self.painted(corpus, super().make(corpus, places))

    def painted(self, corpus: Corpus, seen: Batch) -> Batch:
        """A batch of pictures and classes, as one of tokens."""
        tokenizer = self.writer(corpus)
        if seen.targets.shape[1] > 1:
            raise ZooError("found pictures that are mixed: leave that out.", "augmentation")
        images = np.clip(np.round(seen.inputs["images"]), 0, 255).astype("uint8")
        tokens = tokenizer.write(images)
        first = tokenizer.first(seen.targets[:, 0])[:, None]
        weights = np.repeat(seen.weights, tokens.shape[1], axis=1)
        inputs = {"token_ids": np.concatenate([first, tokens[:, :-1]], axis=1)}
        return Batch({**inputs, **self.beside(tokenizer, images)}, tokens, weights)

    def source(self, images: np.ndarray) -> np.ndarray | None:
        """What is read of pictures, uint8 `b y x c`, as pictures; None where nothing is."""
        return None

    def beside(self, tokenizer: Any, images: np.ndarray) -> dict[str, np.ndarray]:
        """What is told besides of pictures, uint8 `b y x c`."""
        read = self.source(images)
        return {} if read is None else {"encoder_token_ids": tokenizer.write(read)}

    def writer(self, corpus: Corpus) -> Any:
        """The tokenizer, if it fits."""
        tokenizer = pictures(corpus.tokenizer)
        if tokenizer.num_classes not in (0, number := len(self.labels or [])):
            text = f"found {number}, but the tokenizer has {tokenizer.num_classes}."
            raise ZooError(text, "labels")
        if tokenizer.num_channels != self.num_channels:
            text = f"found {self.num_channels}, but the tokenizer has {tokenizer.num_channels}."
            raise ZooError(text, "num_channels")
        return tokenizer

    def bits(self, nats: float, corpus: Corpus) -> dict[str, float]:
        tokenizer = pictures(corpus.tokenizer)
        return {"bits_per_dim": nats / math.log(2) / tokenizer.values} if tokenizer.exact else {}
