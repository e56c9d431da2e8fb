"""How a corpus is cut into batches. A batch is a pure function of (seed, step)."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.kinds import Kind
from zoo.data.corpus import Corpus
from zoo.data.sources import Document
from zoo.tokenizers import Frame, Tokenizer


class Batch(NamedTuple):
    """What `fit` takes: inputs, targets, and how much each target counts."""

    inputs: dict[str, np.ndarray]
    targets: np.ndarray
    """int32 `b t`: the token after each input token; or whatever a task is to tell of a row."""
    weights: np.ndarray
    """float32 `b t`: 1 where there is a target, 0 where the text has ended."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and tokens a row; of a picture, places; of a graph, nodes."""
        if "images" in self.inputs:
            rows, height, width, _ = self.inputs["images"].shape
            return rows, height * width
        return self.inputs["token_ids"].shape[:2]


class Batching(Kind):
    shelf = "data/batching"
    batch_size: int
    counts_all: bool = True
    """Whether every token is a target: only then a loss tells how many bits a byte takes."""

    labels: list[str] | None = None
    """The names of classes; None where documents have none."""
    tells_classes: bool = True
    """Whether targets are places of `labels`, where there are some; otherwise they are tokens."""

    varied: bool = False
    """Whether batches differ in shape."""

    def batch(self, corpus: Corpus, step: int) -> Batch:
        """The training batch of a step, counted from 0."""
        raise NotImplementedError

    def evaluation(self, corpus: Corpus, place: int) -> Batch:
        """Batch `place` of `evaluation_batches`, in which every token of the corpus but the
        first is predicted exactly once."""
        raise NotImplementedError

    def evaluation_batches(self, corpus: Corpus) -> int:
        raise NotImplementedError

    def cut(self, corpus: Corpus) -> np.ndarray:
        """Which documents do not fit into their rows, bool `n`; empty where rows are none."""
        return np.zeros(0, bool)

    def write(self, outputs: Any) -> list[str]:
        """What a task answers to a batch -> what documents would say. Raises ZooError where answers
        are written token by token."""
        raise ZooError("needs 'search', such as beam_search: answers are texts.")

    def bits(self, nats: float, corpus: Corpus) -> dict[str, float]:
        """A loss in nats a target, in bits of what is told: `bits_per_byte` of the corpus where
        every token is a target; nothing where that says nothing."""
        if not (self.counts_all and corpus.tokenizer.tells_bytes):
            return {}
        num_bytes = max(1, corpus.num_bytes)
        return {"bits_per_byte": nats / math.log(2) * len(corpus) / num_bytes}

    def told(self, tokenizer: Tokenizer, documents: Sequence[Document]) -> dict[str, np.ndarray]:
        """What a task that writes their answers is told of documents: `encoder_token_ids` int32
        `b k` and `encoder_padding_mask` bool `b k`, of the text before the last answer."""
        read = tokenizer.read_all([one.data[: one.answers[-1][0]] for one in documents])
        rows = self.frame(tokenizer).rows(read)
        return {f"encoder_{name}": x for name, x in rows.items()}

    def frame(self, tokenizer: Tokenizer) -> Frame:
        """How a text alone is read by what was trained on these batches."""
        return Frame.of(tokenizer)

    def shapes(self, corpus: Corpus) -> list[tuple[int, ...]]:
        """The shape that all training batches have, or that each of a pass has."""
        return [self.batch(corpus, 0).shape]


def generator(seed: int, *numbers: int) -> np.random.Generator:
    """The random numbers of a batch or a pass: for each its own 2⁶⁴ blocks of them, so that no two
    of them meet."""
    first = [0, *numbers, *[0] * (3 - len(numbers))]
    return np.random.Generator(np.random.Philox(key=seed, counter=first))


def rows(corpus: Corpus, starts: np.ndarray, stops: np.ndarray, length: int) -> Batch:
    """A batch whose row i reads `length` tokens from `starts[i]` on and predicts the token after
    each; what lies at or beyond `stops[i]` is padded and counts nothing."""
    tokens = np.full((len(starts), length + 1), corpus.end_token_id, np.int32)
    weights = np.zeros((len(starts), length), np.float32)
    for row, (start, stop) in enumerate(zip(starts, stops)):
        found = corpus.read(int(start), min(length + 1, int(stop) - int(start) + 1))
        tokens[row, : found.size] = found
        weights[row, : max(0, found.size - 1)] = 1.0
    return Batch({"token_ids": tokens[:, :-1]}, tokens[:, 1:], weights)


def counted(batch: Batch, places: np.ndarray, first: int, number: int | None) -> Batch:
    """The same batch, of which those targets count that stand from `first` on in their documents,
    so many, or all; `places` says where targets stand, int `b t`."""
    stop = np.inf if number is None else first + number
    there = (places >= first) & (places < stop)
    return batch._replace(weights=batch.weights * there.astype("float32"))


def require(corpus: Corpus, tokens: int, what: str) -> None:
    """Raise ZooError unless the corpus holds at least `tokens` tokens."""
    if len(corpus) < tokens:
        where = corpus.names[0] + (" …" if len(corpus.names) > 1 else "")
        raise ZooError(
            f"{len(corpus):,} tokens in {where} are too few for {what}: "
            f"expected at least {tokens:,}. Use more text or a smaller batching."
        )
