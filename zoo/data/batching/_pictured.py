"""What batchings share whose documents are pictures, and what is said of each."""

from typing import ClassVar

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import Given, PositiveInt
from zoo.data.batching._answered import asked
from zoo.data.batching._ordered import Ordered
from zoo.data.batching._required import require_answers
from zoo.data.corpus import Corpus


class Pictured(Ordered):
    """The contract of batches of pictures: `height` rows, `width` columns, `num_channels` numbers a
    place. Raises ZooError for pictures of another size."""

    counts_all = False
    kept: float = 1.0
    """How much of the sides of other pictures is shown."""
    resizing: ClassVar[str] = "bilinear"
    """By which method pictures of other sizes are made as large."""

    def __init__(
        self,
        height: PositiveInt,
        width: PositiveInt,
        batch_size: PositiveInt,
        num_channels: PositiveInt = 3,
        seed: Given[int] = 0,
    ):
        self.height, self.width = height, width
        self.batch_size, self.num_channels, self.seed = batch_size, num_channels, seed

    def read(
        self, corpus: Corpus, documents: np.ndarray, luck: np.random.Generator | None = None
    ) -> tuple[np.ndarray, list[str], np.ndarray]:
        """Pictures float32 `b y x c`, as they are or by luck a part of each, the answer to each,
        and which are there, bool `b`: the place behind the last document is padding."""
        require_answers(corpus)
        shape = (self.height, self.width, self.num_channels)
        images = np.zeros((len(documents), *shape), np.float32)
        there, answers = documents < len(corpus.names), [""] * len(documents)
        for row in np.flatnonzero(there):
            read, answer = asked(corpus, documents[row])
            images[row] = self.pixels(read, corpus.names[documents[row]], luck)
            answers[row] = answer.astype("uint8").tobytes().decode(errors="replace")
        return images, answers, there

    def pixels(
        self, read: np.ndarray, name: str, luck: np.random.Generator | None = None
    ) -> np.ndarray:
        """The bytes of a document called `name` -> a picture, `y x c`. Raises ZooError."""
        shape = (self.height, self.width, self.num_channels)
        if read.size != np.prod(shape):
            wanted = " × ".join(map(str, shape))
            raise ZooError(f"{name} has {read.size:,} numbers, expected {wanted}.", "height")
        return read.reshape(shape)
