"""Trees with one marked node: which nodes are above it? Only the labels of edges tell up from down.

Nothing is downloaded: trees are drawn.
"""

import numpy as np

from zoo.core.graphs import graph, told, written
from zoo.core.types import PositiveInt
from zoo.data.sources._synthetic import Synthetic

PLAIN, ASKED, OTHER = range(3)
FROM_PARENT, FROM_CHILD = range(2)


def tree(random: np.random.Generator, num_nodes: int, max_depth: int) -> np.ndarray:
    """int `n`: the parent of each node, in an order that tells nothing; -1 of the root. Every node
    has as good a chance as any other to be a parent, as long as it is not too deep."""
    parents, depths = np.full(num_nodes, -1), np.zeros(num_nodes, int)
    for node in range(1, num_nodes):
        parents[node] = random.choice(np.flatnonzero(depths[:node] < max_depth))
        depths[node] = depths[parents[node]] + 1
    order = random.permutation(num_nodes)
    found = np.full(num_nodes, -1)
    found[order[1:]] = order[parents[1:]]
    return found


def above(parents: np.ndarray, node: int) -> list[int]:
    """The ancestors of a node, the nearest first."""
    found: list[int] = []
    while parents[node] >= 0:
        node = int(parents[node])
        found.append(node)
    return found


def edges(parents: np.ndarray) -> np.ndarray:
    """int `x 3`: from parents to children, labelled 0, and back, labelled 1."""
    child = np.flatnonzero(parents >= 0)
    down = [parents[child], child, np.full(child.size, FROM_PARENT)]
    up = [child, parents[child], np.full(child.size, FROM_CHILD)]
    return np.concatenate([np.stack(down, axis=1), np.stack(up, axis=1)])


class Ancestors(Synthetic):
    """A document is a tree of `min_nodes` to `max_nodes` nodes, at most `max_depth` edges deep. The
    word of a node is 0, or 1 of the one that is asked about. An edge leads from each parent to its
    child, with the label 0, and one from each child to its parent, with the label 1. The answer has
    a line for each node: `yes` where it is an ancestor of the one that is asked about, else `no`.
    Raises ValueError for sizes out of order."""

    def __init__(
        self,
        min_nodes: PositiveInt = 10,
        max_nodes: PositiveInt = 20,
        max_depth: PositiveInt = 4,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if min_nodes > max_nodes:
            raise ValueError(f"min_nodes {min_nodes} must be at most max_nodes {max_nodes}.")
        self.min_nodes, self.max_nodes, self.max_depth = min_nodes, max_nodes, max_depth

    def draw(self, random):
        while True:
            size = int(random.integers(self.min_nodes, self.max_nodes + 1))
            parents, asked = tree(random, size, self.max_depth), int(random.integers(size))
            words = [[ASKED if node == asked else PLAIN] for node in range(size)]
            text = written(graph(words, edges(parents)))
            answer = self.answer(parents, asked).encode()
            yield text + answer, ((len(text), len(text) + len(answer)),)

    def answer(self, parents: np.ndarray, asked: int) -> str:
        ancestors = set(above(parents, asked))
        return told({n: "yes" if n in ancestors else "no" for n in range(len(parents))})
