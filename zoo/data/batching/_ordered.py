"""What batchings share that take rows which a corpus has a number of, each pass in a new order."""

import numpy as np

from zoo.data.batching import Batch, Batching, generator, require
from zoo.data.corpus import Corpus


class Ordered(Batching):
    """Subclasses say what a row is: a document, or what `number` counts."""

    seed: int

    def number(self, corpus: Corpus) -> int:
        """How many rows there are."""
        return len(corpus.names)

    def make(self, corpus: Corpus, places: np.ndarray) -> Batch:
        """The batch of the rows at places, int `b`; the place behind the last is padding."""
        raise NotImplementedError

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        number = self.number(corpus)
        wanted = step * self.batch_size + np.arange(self.batch_size)
        passes = np.unique(wanted // number)
        orders = {one: generator(self.seed, one).permutation(number) for one in passes}
        places = [orders[place // number][place % number] for place in wanted]
        return self.make(corpus, np.array(places))

    def evaluation(self, corpus, place):
        require(corpus, 2, "validation")
        places = place * self.batch_size + np.arange(self.batch_size)
        return self.make(corpus, np.minimum(places, self.number(corpus)))

    def evaluation_batches(self, corpus):
        return -(-self.number(corpus) // self.batch_size)
