"""What yardsticks share that tell how likely pictures are."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from zoo.baselines import Baseline

NUM_VALUES = 256


class Written(NamedTuple):
    """Pictures that a model would write, and what it would read of each."""

    images: np.ndarray
    """uint8 `n y x c`"""
    sources: np.ndarray | None = None
    """uint8 `n y x c`, smaller ones; None where nothing is read."""


class Pictured(Baseline):
    """The contract: it reads pictures, and is measured by what it says of others."""

    at_once = 64
    """So many pictures are told of at a time."""

    def learn(self, pictures: Written) -> None:
        """Learn from pictures."""
        raise NotImplementedError

    def log_probabilities(self, pictures: Written) -> Any:
        """The logarithm of how likely each value of each channel is, `n y x c 256`. The values of
        `images` are not read."""
        raise NotImplementedError

    def measure(self, pictures: Written) -> dict[str, float]:
        """What `zoo evaluate` says of a model: `loss` in nats a channel of a place, `bits_per_dim`,
        `accuracy`, and over how many channels, `tokens`."""
        nats, right = 0.0, 0
        for first in range(0, len(pictures.images), self.at_once):
            some = Written(*(x if x is None else x[first : first + self.at_once] for x in pictures))
            told, wanted = self.log_probabilities(some), some.images[..., None].astype(int)
            nats -= float(np.take_along_axis(told, wanted, axis=-1).sum(dtype="float64"))
            right += int((told.argmax(axis=-1) == wanted[..., 0]).sum())
        number = pictures.images.size
        loss = nats / number
        return {
            "loss": loss,
            "bits_per_dim": loss / math.log(2),
            "accuracy": right / number,
            "tokens": float(number),
        }


def stacked(found: Sequence[Written]) -> Written:
    """Several stacks of pictures as one."""
    columns = [[x for x in column if x is not None] for column in zip(*found)]
    return Written(*(np.concatenate(column) if column else None for column in columns))
