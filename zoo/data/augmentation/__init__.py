"""How pictures are changed before they are trained on, so that no model sees the same one twice."""

from collections.abc import Callable
from typing import Any, NamedTuple

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


class Augmentation(Kind):
    """The contract of every way to change pictures."""

    shelf = "data/augmentation"

    def change(self, pictures: Pictures, luck: np.random.Generator) -> Pictures:
        """The same pictures, changed as luck will have it."""
        raise NotImplementedError


def transformed(make: Callable[[int], Any], images: np.ndarray, luck: np.random.Generator) -> Any:
    """What the layer of Keras that `make` makes of a seed makes of pictures `b y x c`, and how it
    drew it: from luck alone."""
    from keras import ops

    layer = make(int(luck.integers(2**31)))
    drawn = layer.get_random_transformation(images, training=True)
    changed = layer.transform_images(ops.convert_to_tensor(images), drawn, training=True)
    return np.asarray(changed, "float32"), drawn


def mixed(pictures: Pictures, images: np.ndarray, order: Any, share: Any) -> Pictures:
    """Pictures of which each holds a `share`, `b`, of its own and for the rest another, `order`."""
    order = np.asarray(order)
    share = np.broadcast_to(np.reshape(share, (-1, 1)), (len(images), 1)).astype("float32")
    labels = np.concatenate([pictures.labels, pictures.labels[order]], axis=1)
    shares = [pictures.shares * share, pictures.shares[order] * (1 - share)]
    return Pictures(images, labels, np.concatenate(shares, axis=1))
