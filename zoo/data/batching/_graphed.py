"""What batchings share whose documents are graphs."""

import functools

import numpy as np

from zoo.core.errors import ZooError, shown
from zoo.core.graphs import Graph, read
from zoo.core.types import Given, PositiveInt
from zoo.data.batching._answered import asked
from zoo.data.batching._named import place_of
from zoo.data.batching._ordered import Ordered
from zoo.data.batching._required import require_answers
from zoo.data.corpus import Corpus

Rows = dict[str, np.ndarray]


class Graphed(Ordered):
    """The contract of batches of graphs: rows of `max_nodes` nodes of up to `max_words` words and
    `max_edges` edges, so that all batches have one shape. `labels` are the names of classes.
    Raises ZooError for fewer than two, for documents that are no graphs or have more of anything
    than there is room for, and for classes that are no labels.

    Inputs: `token_ids` int32 `b t w`, -1 for padding; `padding_mask` bool `b t`; `edges` int32
    `b x 3`, of each edge the node it comes from, the one it leads to and its label, -1 for padding.
    """

    counts_all = False

    def __init__(
        self,
        labels: list[str],
        max_nodes: PositiveInt,
        max_edges: PositiveInt,
        batch_size: PositiveInt,
        max_words: PositiveInt = 1,
        seed: Given[int] = 0,
    ):
        if len(set(labels)) < max(2, len(labels)):
            raise ZooError(f"found {shown(labels)}, expected two or more, all different.", "labels")
        self.labels, self.max_nodes, self.max_edges = labels, max_nodes, max_edges
        self.max_words, self.batch_size, self.seed = max_words, batch_size, seed

    def label(self, said: str, name: str) -> int:
        """The place in `labels` of a class, or of its number, that a document called `name` says.
        Raises ZooError."""
        return place_of(self.labels, said, f"{name} tells")

    def empty(self, number: int) -> Rows:
        """So many rows of padding alone."""
        return {
            "token_ids": np.full((number, self.max_nodes, self.max_words), -1, np.int32),
            "padding_mask": np.zeros((number, self.max_nodes), bool),
            "edges": np.full((number, self.max_edges, 3), -1, np.int32),
        }

    def fill(self, rows: Rows, row: int, found: Graph, name: str) -> None:
        """Write a graph into a row. Raises ZooError where it has no room."""
        sizes = np.diff(found.word_starts)
        wanted = {
            "max_nodes": found.num_nodes,
            "max_edges": len(found.edges),
            "max_words": int(sizes.max(initial=0)),
        }
        for option, there in wanted.items():
            if there > getattr(self, option):
                what = f"{there:,} {option[4:]}" + " in a node" * (option == "max_words")
                room = f"expected at most {getattr(self, option):,}"
                raise ZooError(f"{name} has {what}, {room}: it is cut nowhere.", option)
        node = np.repeat(np.arange(found.num_nodes), sizes)
        place = np.arange(len(found.words)) - np.repeat(found.word_starts[:-1], sizes)
        rows["token_ids"][row, node, place] = found.words
        rows["padding_mask"][row, : found.num_nodes] = True
        rows["edges"][row, : len(found.edges)] = found.triples()


@functools.lru_cache(maxsize=256)
def graph_of(corpus: Corpus, document: int) -> Graph:
    """The graph that a document holds. Raises ZooError where it holds none."""
    require_answers(corpus)
    return read(asked(corpus, document)[0], corpus.names[document])


def answer_of(corpus: Corpus, document: int) -> str:
    """What a document tells of its graph."""
    return asked(corpus, document)[1].astype("uint8").tobytes().decode(errors="replace")
