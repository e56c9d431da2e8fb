"""How well objects were found, as COCO measures it (Lin et al. 2014; cocodataset.org)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zoo.core.boxes import overlap
from zoo.core.objects import Seen, seen
from zoo.metrics import Metric

OVERLAPS = np.arange(50, 100, 5) / 100
"""How much a box has to overlap one that is there to have found it."""
RECALLS = np.arange(101) / 100
MOST = 100
"""Of each class and picture so many of what is said to be there count, the surest."""


class Hits(NamedTuple):
    """What is said to be of a class in all pictures."""

    scores: np.ndarray
    """float `n`"""
    right: np.ndarray
    """bool `n 10`, whether it found an object, for each of `OVERLAPS`."""


class MeanAveragePrecision(Metric):
    """Texts say an object a line, as documents of the batching `boxes` do; those of a model say how
    sure it is. `map`, 0 to 100, is the mean over the classes that are there and over ten degrees of
    overlap, from 0.5 to 0.95, of the precision at 101 degrees of recall; `map_50` and `map_75` are
    those of one degree of overlap. Raises ZooError for a line that is no object."""

    def score(self, written, expected):
        said = [seen(text, "an answer", scored=True) for text in written]
        there = [seen(text, "a document") for text in expected]
        labels = sorted({one.label for objects in there for one in objects})
        found = np.array([_precision(label, said, there) for label in labels])
        means = 100 * (found.mean(axis=0) if labels else np.zeros(len(OVERLAPS)))
        return {"map": means.mean(), "map_50": means[0], "map_75": means[5]}


def _precision(label: str, said: Sequence[list[Seen]], there: Sequence[list[Seen]]) -> np.ndarray:
    """The average precision for a class, by overlap, float `10`."""
    sides = [[[one for one in of if one.label == label] for of in all_] for all_ in (said, there)]
    hits = [_hits(*pair) for pair in zip(*sides)]
    scores, right = (np.concatenate(parts) for parts in zip(*hits))
    right = right[np.argsort(-scores, kind="stable")]
    found = np.cumsum(right, axis=0)
    recall = found / sum(map(len, sides[1]))
    precision = found / np.arange(1, len(right) + 1)[:, None]
    precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    return np.array([_mean(*columns) for columns in zip(recall.T, precision.T)])


def _mean(recall: np.ndarray, precision: np.ndarray) -> float:
    """The mean of the precisions where recalls are first reached; 0 where one never is."""
    first = np.searchsorted(recall, RECALLS)
    return np.append(precision, 0.0)[first].mean()


def _hits(said: list[Seen], there: list[Seen]) -> Hits:
    """Of one class in one picture: each takes, the surest first, the object that it overlaps most
    of those which none has taken."""
    said = sorted(said, key=lambda one: -one.score)[:MOST]
    right = np.zeros((len(said), len(OVERLAPS)), bool)
    scores = np.array([one.score for one in said])
    if not said or not there:
        return Hits(scores, right)
    boxes = (np.array([one.box for one in side], "float32") for side in (said, there))
    answered, known = boxes
    ratio = np.asarray(overlap(answered[:, None], known[None])[0])
    for degree, least in enumerate(OVERLAPS):
        taken = np.zeros(len(there), bool)
        for place, of in enumerate(ratio):
            nearest = np.argmax(np.where(taken, -1, of))
            if not taken[nearest] and of[nearest] >= least:
                taken[nearest] = right[place, degree] = True
    return Hits(scores, right)
