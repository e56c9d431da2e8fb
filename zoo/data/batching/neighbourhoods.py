"""A node with a sample of its neighbourhood, of graphs that a model cannot hold as a whole
(Hamilton et al. 2017, GraphSAGE, section 3.1)."""

import functools
import itertools

import numpy as np

from zoo.core.graphs import Graph, graph, known
from zoo.core.types import Given, PositiveInt
from zoo.data.batching import Batch, generator
from zoo.data.batching._graphed import Graphed, answer_of, graph_of
from zoo.data.corpus import Corpus


class Neighbourhoods(Graphed):
    """A row is a tree: a node of which something is known, in place 0; up to `fan_outs[0]` of those
    that edges come from to it; of each of these up to `fan_outs[1]`, and so on. Where a node has no
    more edges than that all are taken, and a model of as many layers as there are fan-outs says of
    place 0 what it would say in the whole graph; of others some are drawn, anew at every step. A
    node that is reached in several ways stands in several places.

    Targets are int32 `b t`; weights float32 `b t`, 1 at place 0 alone. Documents answer as they do
    for `nodes`; every pass takes all nodes of which something is known, in a new order.
    """

    def __init__(
        self,
        labels: list[str],
        fan_outs: list[PositiveInt],
        batch_size: PositiveInt,
        max_words: PositiveInt = 1,
        seed: Given[int] = 0,
    ):
        self.fan_outs = fan_outs
        sizes = list(itertools.accumulate(fan_outs, lambda size, most: size * most, initial=1))
        places = sum(sizes)
        super().__init__(labels, places, max(1, places - 1), batch_size, max_words, seed)

    def number(self, corpus):
        return len(_all_known(corpus))

    def make(self, corpus, places):
        return self._sampled(corpus, places, generator(self.seed))

    def _drawn(self, corpus, places, *numbers):
        return self._sampled(corpus, places, generator(self.seed, *numbers))

    def _sampled(self, corpus: Corpus, places: np.ndarray, luck: np.random.Generator) -> Batch:
        rows, answers = self.empty(len(places)), _all_known(corpus)
        targets = np.zeros((len(places), self.max_nodes), np.int32)
        weights = np.zeros(targets.shape, np.float32)
        for row in np.flatnonzero(places < len(answers)):
            document, node, label = answers[places[row]]
            name = corpus.names[document]
            tree = sampled(graph_of(corpus, document), node, self.fan_outs, luck)
            self.fill(rows, row, tree, name)
            targets[row, 0], weights[row, 0] = self.label(label, name), 1.0
        return Batch(rows, targets, weights)


def sampled(whole: Graph, node: int, fan_outs: list[int], luck: np.random.Generator) -> Graph:
    """The tree of a node, which is its first."""
    nodes, edges, front = [node], [], [0]
    for most in fan_outs:
        reached: list[int] = []
        for place in front:
            there = whole.edges_to(nodes[place])
            if len(there) > most:
                there = there[np.sort(luck.choice(len(there), most, replace=False))]
            for source, label in there.tolist():
                edges.append((len(nodes), place, label))
                reached.append(len(nodes))
                nodes.append(source)
        front = reached
    return graph([whole.words_of(one) for one in nodes], np.array(edges, np.int32))


@functools.lru_cache(maxsize=8)
def _all_known(corpus: Corpus) -> list[tuple[int, int, str]]:
    """Of each node of which something is known its document, its number and its class."""
    return [
        (document, node, label)
        for document, name in enumerate(corpus.names)
        for node, label in known(
            answer_of(corpus, document), name, graph_of(corpus, document).num_nodes
        ).items()
    ]
