"""Pictures, and what is in them: classes and boxes."""

from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.kinds import find, kinds, to_config
from zoo.core.objects import Seen, seen, written
from zoo.core.types import PositiveInt
from zoo.data.augmentation import Augmentation, Pictures
from zoo.data.batching import Batch, generator
from zoo.data.batching._answered import asked
from zoo.data.batching._augmented import Augmented
from zoo.data.batching._classed import Classed

EMPTY = 1e-6
"""The area of a box of which nothing is left in the picture."""


class Boxes(Augmented, Classed):
    """What stands before the answer of a document are the bytes of a picture, row by row. The
    answer has a line for each object: one of `labels`, or the number of its place there, and its
    box, `circle 0.5 0.25 0.1 0.2`: the centre from the left and from the top, width and height, as
    parts of the picture. More than `max_boxes` are cut off. To train on, pictures are changed by
    each `augmentation` in turn, and boxes with them; what is moved out of a picture is not in it.

    Inputs: `images` float32 `b y x c`, 0 to 255. Targets are float32 `b n 5`, the place of a class
    in `labels` and a box, -1 where there is no object; weights float32 `b 1`, 0 for padding. Every
    pass takes all documents, in a new order. Raises ZooError for pictures of another size, for
    classes that are no labels, for lines that are no objects, and for an augmentation that does not
    move boxes."""

    def __init__(self, max_boxes: PositiveInt, **kwargs):
        super().__init__(**kwargs)
        self.max_boxes = max_boxes
        for one in self.augmentation:
            if not one.moves_boxes:
                shelf = Augmentation.shelf
                can = [kind for kind in kinds(shelf) if find(shelf, kind).moves_boxes]
                text = f"{to_config(one)['kind']} does not move boxes. What does: {', '.join(can)}."
                raise ZooError(text, "augmentation")

    def batch(self, corpus, step):
        plain = super().batch(corpus, step)
        if not self.augmentation:
            return plain
        classes, boxes = plain.targets[..., 0], plain.targets[..., 1:]
        pictures = Pictures(plain.inputs["images"], classes, np.ones_like(classes), boxes)
        found = self.changed(pictures, generator(self.seed, step, 3))
        gone = (classes < 0) | (found.boxes[..., 2:].prod(axis=-1) < EMPTY)
        targets = np.concatenate([classes[..., None], found.boxes], axis=-1)
        targets[gone] = -1
        return plain._replace(inputs={"images": found.images}, targets=targets)

    def make(self, corpus, places):
        images, answers, there = self.read(corpus, places)
        targets = np.full((len(places), self.max_boxes, 5), -1, np.float32)
        for row in np.flatnonzero(there):
            name = corpus.names[places[row]]
            for place, one in enumerate(seen(answers[row], name)[: self.max_boxes]):
                targets[row, place] = [self.label(one.label, name), *one.box]
        return Batch({"images": images}, targets, there.astype("float32")[:, None])

    def cut(self, corpus):
        """Which documents have more objects than rows have places."""
        lines = (
            asked(corpus, document)[1].astype("uint8").tobytes().splitlines()
            for document in range(len(corpus.names))
        )
        return np.array([len(one) > self.max_boxes for one in lines], bool)

    def write(self, outputs):
        scores = _likely(np.asarray(outputs["logits"], "float64"))[..., :-1]
        return [self._say(*of) for of in zip(scores, np.asarray(outputs["boxes"]))]

    def _say(self, scores: np.ndarray, boxes: np.ndarray) -> str:
        """Of each query the likeliest class, `q c`, and the box, `q 4`; the surest first."""
        sure, place = scores.max(axis=1), scores.argmax(axis=1)
        found = (
            Seen(self.labels[place[query]], tuple(boxes[query].tolist()), float(sure[query]))
            for query in np.argsort(-sure, kind="stable")
        )
        return written(found)


def _likely(logits: np.ndarray) -> Any:
    """Logits `… c` -> probabilities."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)
