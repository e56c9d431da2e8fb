"""A graph: nodes that hold words, and edges between them that have labels.

A document holds one in whole numbers of 32 bits, lowest byte first: how many nodes, words and
edges there are; where the words of each node begin and the last end; the words; where the edges to
each node begin and the last end; and of each edge the node it comes from and its label.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zoo.core.errors import ZooError

NUMBER = np.dtype("<i4")


class Graph(NamedTuple):
    """All of it whole numbers, read in place."""

    word_starts: np.ndarray
    """`n+1`, where the words of each node begin and the last end."""
    words: np.ndarray
    """`w`, from 0 on."""
    edge_starts: np.ndarray
    """`n+1`, where the edges to each node begin and the last end."""
    edges: np.ndarray
    """`x 2`, the node that each edge comes from, and its label, from 0 on."""

    @property
    def num_nodes(self) -> int:
        return len(self.word_starts) - 1

    def words_of(self, node: int) -> np.ndarray:
        return self.words[self.word_starts[node] : self.word_starts[node + 1]]

    def edges_to(self, node: int) -> np.ndarray:
        """`x 2`"""
        return self.edges[self.edge_starts[node] : self.edge_starts[node + 1]]

    def triples(self) -> np.ndarray:
        """`x 3`: of each edge where it comes from, where it leads to, and its label."""
        to = np.repeat(np.arange(self.num_nodes), np.diff(self.edge_starts))
        return np.stack([self.edges[:, 0], to, self.edges[:, 1]], axis=1)


def graph(words: Sequence[Sequence[int]], edges: np.ndarray) -> Graph:
    """The words of each node, and of each edge where it comes from, where it leads to, and its
    label, int `x 3`; each is kept once."""
    edges = np.unique(np.asarray(edges, NUMBER).reshape(-1, 3)[:, [1, 0, 2]], axis=0)
    sizes = np.array([len(one) for one in words], NUMBER)
    flat = [word for one in words for word in one]
    degrees = np.bincount(edges[:, 0], minlength=len(words))
    return Graph(_starts(sizes), np.array(flat, NUMBER), _starts(degrees), edges[:, 1:])


def _starts(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(NUMBER)


def written(found: Graph) -> bytes:
    """As a document holds it."""
    sizes = np.array([found.num_nodes, len(found.words), len(found.edges)], NUMBER)
    parts = (sizes, *(np.ravel(part).astype(NUMBER) for part in found))
    return b"".join(part.tobytes() for part in parts)


def read(data: np.ndarray, name: str) -> Graph:
    """The graph in the bytes of a document called `name`, uint8 `t`. Raises ZooError where they
    hold none."""
    numbers = np.ascontiguousarray(data[: data.size // 4 * 4]).view(NUMBER)
    nodes, words, edges = numbers[:3].tolist() if numbers.size >= 3 else (-1, -1, -1)
    sizes = np.array([3, nodes + 1, words, nodes + 1, 2 * edges])
    if min(nodes - 1, words, edges) < 0 or 4 * sizes.sum() != data.size:
        raise ZooError(f"{name}: found {data.size:,} bytes that are no graph.")
    starts, held, edge_starts, pairs = np.split(numbers, np.cumsum(sizes))[1:5]
    found = Graph(starts, held, edge_starts, pairs.reshape(-1, 2))
    ends = ((starts, words), (edge_starts, edges))
    if any(at[0] or at[-1] != end or (np.diff(at) < 0).any() for at, end in ends):
        raise ZooError(f"{name}: its nodes do not begin where their words and edges do.")
    if (held < 0).any() or (found.edges < 0).any() or (found.edges[:, 0] >= nodes).any():
        raise ZooError(f"{name}: words and labels are from 0 on, and edges from one of its nodes.")
    return found


def told(answers: dict[int, str]) -> str:
    """What is known of nodes, as documents answer: a line for each, its number and its class."""
    return "\n".join(f"{node} {label}" for node, label in answers.items())


def known(text: str, name: str, num_nodes: int) -> dict[int, str]:
    """The classes of nodes in the answer of a document called `name`. Raises ZooError for a line
    that is none of its nodes and a class."""
    found: dict[int, str] = {}
    for place, line in enumerate(text.splitlines(), 1):
        node, _, label = line.partition(" ")
        if not (node.isdecimal() and int(node) < num_nodes and label):
            expected = f"a node from 0 to {num_nodes - 1:,} and its class"
            raise ZooError(f"{name}: line {place} of its answer is {line!r}, expected {expected}.")
        found[int(node)] = label
    return found
