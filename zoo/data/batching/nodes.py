"""Whole graphs, and the classes that their nodes belong to."""

import numpy as np

from zoo.core.graphs import known
from zoo.data.batching import Batch
from zoo.data.batching._graphed import Graphed, answer_of, graph_of


class Nodes(Graphed):
    """A row is a graph; the answer of a document has a line for each node of which something is
    known, its number and its class, one of `labels` or the number of its place there. Targets are
    int32 `b t`; weights float32 `b t`, 0 where nothing is known: those nodes are seen, and what the
    model says of them is not looked at."""

    def make(self, corpus, places):
        rows = self.empty(len(places))
        targets = np.zeros((len(places), self.max_nodes), np.int32)
        weights = np.zeros(targets.shape, np.float32)
        for row in np.flatnonzero(places < len(corpus.names)):
            document, name = int(places[row]), corpus.names[places[row]]
            found = graph_of(corpus, document)
            self.fill(rows, row, found, name)
            for node, label in known(answer_of(corpus, document), name, found.num_nodes).items():
                targets[row, node], weights[row, node] = self.label(label, name), 1.0
        return Batch(rows, targets, weights)
