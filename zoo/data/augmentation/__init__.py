"""How pictures are changed before they are trained on, so that no model sees the same one twice."""

from typing import ClassVar, NamedTuple

import numpy as np

from zoo.core.kinds import Kind


class Pictures(NamedTuple):
    """Pictures, and the classes that each belongs to in parts."""

    images: np.ndarray
    """float32 `b y x c`, 0 to 255."""
    labels: np.ndarray
    """int32 `b k`, the places of classes."""
    shares: np.ndarray
    """float32 `b k`, how much each counts: in a row together 1."""
    boxes: np.ndarray | None = None
    """float32 `b k 4`, where there is something of each class: centre from the left and from the
    top, width and height, as parts of the picture. None where that is not told."""


class Augmentation(Kind):
    """The contract of every way to change pictures."""

    shelf = "data/augmentation"
    moves_boxes: ClassVar[bool] = False
    """Whether boxes lie afterwards where the things are that they are of; else there may be none.
    They are cut at the border, and empty for what is outside."""

    def change(self, pictures: Pictures, luck: np.random.Generator) -> Pictures:
        """The same pictures, changed as luck will have it."""
        raise NotImplementedError
