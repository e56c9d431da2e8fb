"""Edges and means at several scales: what stands in for LPIPS where no trained network is at hand.

It knows edges from flat places, and at which scale; no textures and no objects, as features of a
trained network do (Zhang et al. 2018, arXiv:1801.03924, section 5): numbers of the two do not
compare.
"""

from typing import Any

from keras import ops

from zoo.core.types import PositiveInt
from zoo.perception import Perception


class MultiScale(Perception):
    """At each of `num_scales` the mean distance of colours, and of what they differ by from the
    next row and column; from one scale to the next, squares of four places become their mean. A
    picture of one row or column ends it before."""

    def __init__(self, num_scales: PositiveInt = 3, **kwargs):
        super().__init__(**kwargs)
        self.num_scales = num_scales

    def call(self, seen, wanted):
        away, found = seen - wanted, []
        for _ in range(self.num_scales):
            if min(away.shape[1:3]) < 2:
                break
            parts = [away, away[:, 1:] - away[:, :-1], away[:, :, 1:] - away[:, :, :-1]]
            found.append(sum(_size(part) for part in parts))
            away = ops.average_pool(away, 2, 2)
        return sum(found, ops.zeros_like(seen[:, 0, 0, 0])) / max(1, len(found))


def _size(x: Any) -> Any:
    """The mean size of numbers, `b y x c` -> `b`."""
    return ops.mean(ops.abs(x), axis=(1, 2, 3))
