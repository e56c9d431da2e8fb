"""How much of each token reaches a place through all layers: attention rollout and attention flow.

Abnar and Zuidema 2020 (arXiv:2005.00928, section 3). Every layer passes on what it has, by the
residual connection, beside what it looks at: its weights, in the mean of its heads, and 1 for the
place itself, normalised. Where a model is told of two texts, their places stand in one row: source,
answer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.insight.attention import Looked
from zoo.metrics import library

UNIT = 1_000_000
"""Capacities are whole numbers of this part of a weight."""
MOST_EDGES = 20_000_000
"""Edges times flows that are followed; more would take minutes."""


def steps(looked: Sequence[Looked], sizes: Sequence[int]) -> list[np.ndarray]:
    """What each layer passes on from place to place, float64 `t t`, of sides of so many places.
    Rows sum to 1."""
    first, total = np.cumsum([0, *sizes]), sum(sizes)
    found = []
    for one in looked:
        step, mean = np.eye(total), one.weights.astype("float64").mean(axis=0)
        rows, columns = (first[side] for side in (one.queries, one.keys))
        step[rows : rows + len(mean), columns : columns + mean.shape[1]] += mean
        found.append(step / step.sum(axis=1, keepdims=True))
    return found


def rollout(passed: Sequence[np.ndarray]) -> np.ndarray:
    """The share of each place in what all layers make of each: `t t`, rows sum to 1."""
    total = np.eye(len(passed[0]))
    for step in passed:
        total = step @ total
    return total


def flow(passed: Sequence[np.ndarray], places: Sequence[Sequence[int]]) -> np.ndarray:
    """How much can flow from each place to some others through all layers, each of which carries no
    more than it passes on: `n t`, in row i to `places[i]` together. Raises ZooError for texts
    that would take long."""
    length, edges = len(passed[0]), sum(int((step > 0).sum()) for step in passed)
    if edges * length * len(places) > MOST_EDGES:
        raise ZooError(f"a flow through {edges:,} edges for each of {length} places takes long.")
    follow = library("scipy.sparse.csgraph").maximum_flow
    answer = np.zeros((len(places), length))
    for row, some in enumerate(places):
        graph, end = _network(passed, some), len(passed) * length
        for place in range(length):
            answer[row, place] = follow(graph, end + length, place).flow_value / UNIT
    return answer


def _network(passed: Sequence[np.ndarray], places: Sequence[int]) -> Any:
    """Nodes are the places before the first layer, behind it, and so on; the last is joined to the
    places that are asked for."""
    sparse, length = library("scipy.sparse"), len(passed[0])
    size = (len(passed) + 1) * length + 1
    rows, columns, capacities = [], [], []
    for number, step in enumerate(passed):
        row, column = np.nonzero(step)
        rows.append(row + (number + 1) * length)
        columns.append(column + number * length)
        capacities.append(step[row, column])
    rows.append(np.full(len(places), size - 1))
    columns.append(np.array(places) + len(passed) * length)
    capacities.append(np.full(len(places), 1 / len(places)))
    parts = [np.concatenate(part) for part in (rows, columns, capacities)]
    whole = np.rint(parts[2] * UNIT).astype("int32")
    return sparse.csr_matrix((whole, (parts[0], parts[1])), shape=(size, size))
