"""Pictures alone, of no class."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.data.augmentation import Pictures
from zoo.data.batching import Batch, generator, require
from zoo.data.batching._augmented import Augmented
from zoo.data.batching._pictured import Pictured
from zoo.data.corpus import Corpus


class PlainImages(Augmented, Pictured):
    """A document, or what stands in it before its answer, are the bytes of a picture, row by row:
    `height` rows, `width` columns, `num_channels` numbers a place. To train on, pictures are
    changed by each `augmentation` in turn.

    Inputs: `images` float32 `b y x c`, 0 to 255. Targets, int32 `b 1`, say nothing; weights float32
    `b 1`, 0 for padding. Every pass takes all documents, in a new order. Raises ZooError for
    pictures of another size, and for those that are mixed of two."""

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        plain, luck = self.make(corpus, self.places(corpus, step)), generator(self.seed, step, 3)
        found = Pictures(plain.inputs["images"], plain.targets, plain.weights)
        found = self.changed(found, luck)
        if found.labels.shape != plain.targets.shape:
            raise ZooError("found pictures that are mixed: leave that out.", "augmentation")
        return plain._replace(inputs={"images": found.images})

    def make(self, corpus, places):
        images = np.zeros((len(places), self.height, self.width, self.num_channels), np.float32)
        there = places < len(corpus.names)
        for row in np.flatnonzero(there):
            read = self._read(corpus, int(places[row]))
            images[row] = self.pixels(read, corpus.names[places[row]])
        targets = np.zeros((len(places), 1), np.int32)
        return Batch({"images": images}, targets, there.astype("float32")[:, None])

    def _read(self, corpus: Corpus, document: int) -> np.ndarray:
        """The numbers of a picture."""
        answers = corpus.answers[document]
        return corpus.tokens[document][: answers[-1][0] if len(answers) else None]
