"""What batchings share that take rows which a corpus has a number of, each pass in a new order."""

import numpy as np

from zoo.data.batching import Batch, Batching, generator, require
from zoo.data.corpus import Corpus


class Ordered(Batching):
    """Subclasses say what a row is: a document, or what `number` counts. Rows of documents say how
    long they are, too, so that those of like length may share a batch (kind `buckets`)."""

    seed: int

    def number(self, corpus: Corpus) -> int:
        """How many rows there are."""
        return len(corpus.names)

    def make(self, corpus: Corpus, places: np.ndarray) -> Batch:
        """The batch of the rows at places, int `b`; the place behind the last is padding."""
        raise NotImplementedError

    def draw(self, batch: Batch, corpus: Corpus, luck: np.random.Generator) -> Batch:
        """A batch, with what is drawn anew whenever it is read; most draw nothing."""
        return batch

    def longest(self) -> int | None:
        """The tokens of the widest input; None where a row is no document."""
        return None

    def sizes(self, corpus: Corpus) -> np.ndarray:
        """How many of them each document fills if it is not cut, int `n`."""
        raise NotImplementedError

    def cut(self, corpus):
        longest = self.longest()
        return super().cut(corpus) if longest is None else self.sizes(corpus) > longest

    def places(self, corpus: Corpus, step: int) -> np.ndarray:
        """Which rows the training batch of a step has, int `b`."""
        number = self.number(corpus)
        wanted = step * self.batch_size + np.arange(self.batch_size)
        passes = np.unique(wanted // number)
        orders = {one: generator(self.seed, one).permutation(number) for one in passes}
        return np.array([orders[place // number][place % number] for place in wanted])

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        return self._drawn(corpus, self.places(corpus, step), step, 1)

    def evaluation(self, corpus, place):
        require(corpus, 2, "validation")
        places = place * self.batch_size + np.arange(self.batch_size)
        return self._drawn(corpus, np.minimum(places, self.number(corpus)), place, 2)

    def _drawn(self, corpus: Corpus, places: np.ndarray, *numbers: int) -> Batch:
        return self.draw(self.make(corpus, places), corpus, generator(self.seed, *numbers))

    def evaluation_batches(self, corpus):
        return -(-self.number(corpus) // self.batch_size)
