"""What a run looks at in a text: the weights of its heads, by token or by line."""

from typing import NamedTuple

import numpy as np

from zoo.insight.columns import Side
from zoo.insight.reading import Reading
from zoo.insight.stacks import looking
from zoo.insight.weights import weights


class Looked(NamedTuple):
    """What one layer looked at."""

    name: str
    weights: np.ndarray
    """float32 `h q k`"""
    hidden: np.ndarray
    """bool `h q k`, what it could not look at."""
    queries: int
    """The number of the side its queries are of."""
    keys: int

    def by_column(self, side: Side) -> np.ndarray:
        """What its heads gave to each column of the keys, in the mean of all queries: float32
        `h c`."""
        mean = self.weights.mean(axis=1)
        parts = [mean[:, one.start : one.stop].sum(axis=1) for one in side.columns]
        return np.stack(parts, axis=1)


def attention(read: Reading) -> list[Looked]:
    """What every attention layer looked at. Raises ZooError where there is nothing to see."""
    tables = weights(read.task, read.inputs)
    return [
        Looked(one.name, *(part[0] for part in tables[one.name]), one.queries, one.keys)
        for one in looking(read.task.backbone)
    ]
