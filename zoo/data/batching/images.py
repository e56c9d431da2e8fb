"""Pictures and the classes they belong to."""

import numpy as np

from zoo.core.errors import ZooError, shown
from zoo.data.augmentation import Pictures
from zoo.data.batching import Batch, generator, require
from zoo.data.batching._augmented import Augmented
from zoo.data.batching._classed import Classed
from zoo.data.corpus import Corpus


class Images(Augmented, Classed):
    """What stands before the answer of a document are the bytes of a picture, row by row: `height`
    rows, `width` columns, `num_channels` numbers a place. The answer is one of `labels`, or the
    number of its place there. To train on, pictures are changed by each `augmentation` in turn.

    Inputs: `images` float32 `b y x c`, 0 to 255. Targets are int32 `b k`, the places of classes in
    `labels`: one, or as many as are mixed; weights float32 `b k`, how much each counts. Every pass
    takes all documents, in a new order. Raises ZooError for pictures of another size, and for
    classes that are no labels."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if len(self.labels) < 2:
            raise ZooError(f"found {shown(self.labels)}, expected two or more.", "labels")

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        luck = generator(self.seed, step, 3)
        plain = self._read(corpus, self.places(corpus, step), luck)
        pictures = Pictures(plain.inputs["images"], plain.targets, plain.weights)
        pictures = self.changed(pictures, luck)
        return Batch({"images": pictures.images}, pictures.labels, pictures.shares)

    def make(self, corpus, places):
        return self._read(corpus, places)

    def _read(
        self, corpus: Corpus, documents: np.ndarray, luck: np.random.Generator | None = None
    ) -> Batch:
        """Pictures as they are, or by luck a part of each."""
        images, answers, there = self.read(corpus, documents, luck)
        targets = np.zeros((len(documents), 1), np.int32)
        for row in np.flatnonzero(there):
            targets[row] = self.label(answers[row], corpus.names[documents[row]])
        return Batch({"images": images}, targets, there.astype("float32")[:, None])
