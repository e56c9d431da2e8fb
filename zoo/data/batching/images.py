"""Pictures and the classes they belong to."""

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.core.kinds import as_list, make
from zoo.core.types import Given, PositiveInt
from zoo.data.augmentation import Augmentation, Pictures
from zoo.data.batching import Batch, generator, require
from zoo.data.batching._answered import asked
from zoo.data.batching._ordered import Ordered
from zoo.data.batching._required import require_answers
from zoo.data.corpus import Corpus


class Images(Ordered):
    """What stands before the answer of a document are the bytes of a picture, row by row: `height`
    rows, `width` columns, `num_channels` numbers a place. The answer is one of `labels`, or the
    number of its place there. To train on, pictures are changed by each `augmentation` in turn.

    Inputs: `images` float32 `b y x c`, 0 to 255. Targets are int32 `b k`, the places of classes in
    `labels`: one, or as many as are mixed; weights float32 `b k`, how much each counts. Every pass
    takes all documents, in a new order. Raises ZooError for pictures of another size, and for
    classes that are no labels."""

    counts_all = False

    def __init__(
        self,
        labels: list[str],
        height: PositiveInt,
        width: PositiveInt,
        batch_size: PositiveInt,
        num_channels: PositiveInt = 3,
        augmentation: list[Augmentation] | None = None,
        seed: Given[int] = 0,
    ):
        if len(set(labels)) < max(2, len(labels)):
            raise ZooError(f"found {shown(labels)}, expected two or more, all different.", "labels")
        self.labels, self.height, self.width = labels, height, width
        self.batch_size, self.num_channels, self.seed = batch_size, num_channels, seed
        self.augmentation = [make(Augmentation, one) for one in as_list(augmentation or [])]

    def batch(self, corpus, step):
        require(corpus, 2, "training")
        luck = generator(self.seed, step, 3)
        plain = self._read(corpus, self.places(corpus, step), luck)
        pictures = Pictures(plain.inputs["images"], plain.targets, plain.weights)
        for augmentation in self.augmentation:
            pictures = augmentation.change(pictures, luck)
        images, labels, shares = pictures
        return Batch({"images": images}, labels, shares)

    def make(self, corpus, places):
        return self._read(corpus, places)

    def _read(
        self, corpus: Corpus, documents: np.ndarray, luck: np.random.Generator | None = None
    ) -> Batch:
        """Pictures as they are, or by luck a part of each."""
        require_answers(corpus)
        shape = (self.height, self.width, self.num_channels)
        images = np.zeros((len(documents), *shape), np.float32)
        targets = np.zeros((len(documents), 1), np.int32)
        there = documents < len(corpus.names)
        for row in np.flatnonzero(there):
            read, answer = asked(corpus, documents[row])
            images[row] = self.pixels(read, corpus.names[documents[row]], luck)
            targets[row] = self._place(corpus, documents[row], answer)
        return Batch({"images": images}, targets, there.astype("float32")[:, None])

    def pixels(
        self, read: np.ndarray, name: str, luck: np.random.Generator | None = None
    ) -> np.ndarray:
        """The bytes of a document called `name` -> a picture, `y x c`. Raises ZooError."""
        shape = (self.height, self.width, self.num_channels)
        if read.size != np.prod(shape):
            wanted = " × ".join(map(str, shape))
            raise ZooError(f"{name} has {read.size:,} numbers, expected {wanted}.", "height")
        return read.reshape(shape)

    def _place(self, corpus, document, answer) -> int:
        """The place of a class in `labels`."""
        said = answer.astype("uint8").tobytes().decode(errors="replace")
        if said in self.labels:
            return self.labels.index(said)
        if said.isdecimal() and int(said) < len(self.labels):
            return int(said)
        text = f"{corpus.names[document]} is of the class {shown(said)}."
        raise ZooError(f"{text} {suggest(said, self.labels)}", "labels")
