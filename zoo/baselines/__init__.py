"""Simple yardsticks: what is reached on a recipe's own documents without its model."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from zoo.core.kinds import Kind

SURELY_WRONG = 1e-15
"""What a class counts as likely at the least: one that was never seen would cost without end."""


class Baseline(Kind):
    """The contract of every yardstick: it reads texts and their answers, and is then measured."""

    shelf = "baselines"
    batchings: ClassVar[tuple[str, ...]]
    """The kinds of batching of the recipes it fits."""
    by_default: ClassVar[bool] = True
    """Whether it is meant where none is named."""

    def fit(self, texts: Sequence[str], answers: Sequence[str]) -> None:
        """Learn from documents. Raises ZooError for what it cannot learn from."""
        raise NotImplementedError

    def answer(self, texts: Sequence[str]) -> list[str]:
        """Its answer to each text."""
        raise NotImplementedError

    def count_params(self) -> int:
        """How many numbers it has learned that a model would call weights."""
        return 0


class Classifier(Baseline):
    """One that tells classes apart."""

    batchings = ("labelled",)
    classes: list[str]
    """Those of the documents it has read."""

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """How likely each text is of each of `classes`, `n c`."""
        raise NotImplementedError

    def answer(self, texts):
        return [self.classes[place] for place in self.probabilities(texts).argmax(axis=1)]

    def measure(self, texts: Sequence[str], answers: Sequence[str]) -> dict[str, float]:
        """What `zoo evaluate` says of a model: `loss` in nats a document, `accuracy`, and over how
        many documents, `tokens`."""
        found = self.probabilities(texts)
        places = {label: place for place, label in enumerate(self.classes)}
        nothing = np.zeros((len(texts), 1))
        told = np.concatenate([found, nothing], axis=1)
        wanted = np.array([places.get(answer, len(places)) for answer in answers])
        likely = np.maximum(told[np.arange(len(texts)), wanted], SURELY_WRONG)
        right = found.argmax(axis=1) == wanted
        return {
            "loss": float(-np.log(likely).mean()),
            "accuracy": float(right.mean()),
            "tokens": float(len(texts)),
        }
