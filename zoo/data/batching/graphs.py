"""Graphs, and the class that each belongs to."""

import numpy as np

from zoo.data.batching import Batch
from zoo.data.batching._graphed import Graphed, answer_of, graph_of


class Graphs(Graphed):
    """A row is a graph; the answer of a document is its class, one of `labels` or the number of its
    place there. Targets are int32 `b`, weights float32 `b`, 0 for padding."""

    def make(self, corpus, places):
        rows, targets = self.empty(len(places)), np.zeros(len(places), np.int32)
        there = places < len(corpus.names)
        for row in np.flatnonzero(there):
            document, name = int(places[row]), corpus.names[places[row]]
            self.fill(rows, row, graph_of(corpus, document), name)
            targets[row] = self.label(answer_of(corpus, document), name)
        return Batch(rows, targets, there.astype("float32"))
