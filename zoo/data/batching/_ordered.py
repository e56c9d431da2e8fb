"""What batchings share that take whole documents, each pass in a new order."""

import numpy as np

from zoo.data.batching import Batch, Batching, generator, require
from zoo.data.corpus import Corpus


class Ordered(Batching):
    """Subclasses say what a batch of documents is: `make`. In evaluation the documents come in
    their own order, and a place behind the last is `len(corpus.names)`."""

    seed: int

    def make(self, corpus: Corpus, documents: np.ndarray) -> Batch:
        """The batch of documents, int `b`."""
        raise NotImplementedError

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        number = len(corpus.names)
        wanted = step * self.batch_size + np.arange(self.batch_size)
        orders = {one: self._order(one, number) for one in np.unique(wanted // number)}
        places = [orders[place // number][place % number] for place in wanted]
        return self.make(corpus, np.array(places))

    def _order(self, passed: int, number: int) -> np.ndarray:
        return generator(self.seed, passed).permutation(number)

    def evaluation(self, corpus, place):
        require(corpus, 2, "validation")
        documents = place * self.batch_size + np.arange(self.batch_size)
        return self.make(corpus, np.minimum(documents, len(corpus.names)))

    def evaluation_batches(self, corpus):
        return -(-len(corpus.names) // self.batch_size)
