"""Documents of like length share a batch, so that little of it is padding."""

from weakref import WeakKeyDictionary

import numpy as np

from zoo.core.errors import ZooError, shown
from zoo.core.kinds import make
from zoo.core.types import Given, PositiveInt
from zoo.data.batching import Batch, Batching, generator, require
from zoo.data.batching._ordered import Ordered
from zoo.data.corpus import Corpus

Cut = tuple[int, np.ndarray]
"""The length of a batch, and its documents."""


class Buckets(Batching):
    """The rows of another `batching`, each as long as the first of `lengths` that has room for its
    document; the last of them is that of the batching. Shorter batches have more rows, so that all
    have about as many tokens. Every pass takes all documents, in a new order, and the lengths in
    turn. What is left of a bucket goes with the next longer one: only one batch of a pass may have
    rows of padding. Raises ZooError for lengths that do not rise to the longest row of the
    batching, and where its rows are no documents."""

    varied = True

    def __init__(self, lengths: list[PositiveInt], batching: Batching, seed: Given[int] = 0):
        self.batching = make(Batching, batching, seed=seed)
        longest = self.batching.longest() if isinstance(self.batching, Ordered) else None
        if longest is None:
            kinds = "documents, labelled, masked_pairs or pairs"
            raise ZooError(f"its rows are no documents, expected {kinds}.", "batching")
        if lengths != sorted(set(lengths)) or lengths[-1] != longest:
            wanted = f"lengths that rise to {longest}, the longest row of the batching"
            raise ZooError(f"found {shown(lengths)}, expected {wanted}.", "lengths")
        self.lengths, self.seed = lengths, seed
        self.batch_size, self.counts_all = self.batching.batch_size, self.batching.counts_all
        self.labels = self.batching.labels
        self.plans: WeakKeyDictionary[Corpus, tuple[np.ndarray, list[Cut]]] = WeakKeyDictionary()
        self.passes: WeakKeyDictionary[Corpus, tuple[int, list[Cut]]] = WeakKeyDictionary()

    def frame(self, tokenizer):
        return self.batching.frame(tokenizer)

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        buckets, in_order = self._plan(corpus)
        passed, place = divmod(step, len(in_order))
        kept, mixed = self.passes.get(corpus, (None, []))
        if kept != passed:
            luck = generator(self.seed, passed)
            cuts = self._cuts(buckets, luck.permutation(buckets.size))
            mixed = [cuts[one] for one in luck.permutation(len(cuts))]
            self.passes[corpus] = passed, mixed
        return self._made(corpus, mixed[place], generator(self.seed, step, 1))

    def evaluation(self, corpus, place):
        require(corpus, 2, "validation")
        return self._made(corpus, self._plan(corpus)[1][place], generator(self.seed, place, 2))

    def evaluation_batches(self, corpus):
        return len(self._plan(corpus)[1])

    def cut(self, corpus):
        return self.batching.cut(corpus)

    def shapes(self, corpus):
        widest = self.batching.sequence_length
        return [(places.size, min(length, widest)) for length, places in self._plan(corpus)[1]]

    def _plan(self, corpus: Corpus) -> tuple[np.ndarray, list[Cut]]:
        """Which of the lengths each document takes, int `n`, and the batches of all documents as
        they stand in the corpus: worked out once, and as many as every pass has."""
        if corpus not in self.plans:
            sizes = np.minimum(self.batching.sizes(corpus), self.lengths[-1])
            buckets = np.searchsorted(self.lengths, sizes)
            self.plans[corpus] = buckets, self._cuts(buckets, np.arange(buckets.size))
        return self.plans[corpus]

    def _cuts(self, buckets: np.ndarray, order: np.ndarray) -> list[Cut]:
        """The batches of a pass over documents in an order, int `n`, the shortest first."""
        cuts, rest = [], order[:0]
        for bucket, length in enumerate(self.lengths):
            rows = self.batch_size * self.lengths[-1] // length
            rest = np.concatenate([rest, order[buckets[order] == bucket]])
            whole = rest.size // rows * rows
            cuts += [(length, places) for places in rest[:whole].reshape(-1, rows)]
            rest = rest[whole:]
        if rest.size:
            padding = np.full(self.batch_size - rest.size, order.size)
            cuts.append((self.lengths[-1], np.concatenate([rest, padding])))
        return cuts

    def _made(self, corpus: Corpus, cut: Cut, luck: np.random.Generator) -> Batch:
        length, places = cut
        whole = self.batching.make(corpus, places)
        inputs = {name: _within(length, array) for name, array in whole.inputs.items()}
        batch = Batch(inputs, _within(length, whole.targets), _within(length, whole.weights))
        return self.batching.draw(batch, corpus, luck)


def _within(length: int, array: np.ndarray) -> np.ndarray:
    """`b t` -> `b length`; one number a row stays."""
    return array[:, :length] if array.ndim > 1 else array
