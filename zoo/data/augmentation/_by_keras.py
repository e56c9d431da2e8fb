"""What is drawn and changed by layers of Keras, from luck alone."""

from typing import Any

import numpy as np

from zoo.data.augmentation import Augmentation, Pictures

BOXES = "rel_center_xywh"
"""What Keras calls boxes as they are here."""


class ByKeras(Augmentation):
    """The contract of what a layer of Keras does to pictures, each by itself."""

    def layer(self, seed: int) -> Any:
        """The layer, whose draws begin at a seed."""
        raise NotImplementedError

    def change(self, pictures, luck):
        layer = self.layer(int(luck.integers(2**31)))
        images, drawn = transformed(layer, pictures.images)
        return pictures._replace(images=images, boxes=moved(layer, drawn, pictures))


class Mixing(ByKeras):
    """The contract of what puts another picture into each."""

    def share(self, drawn: dict[str, Any]) -> Any:
        """How much of each is its own, float `b`."""
        raise NotImplementedError

    def change(self, pictures, luck):
        images, drawn = transformed(self.layer(int(luck.integers(2**31))), pictures.images)
        order = np.asarray(drawn["permutation_order"])
        share = np.reshape(self.share(drawn), (-1, 1)).astype("float32")
        labels = np.concatenate([pictures.labels, pictures.labels[order]], axis=1)
        shares = [pictures.shares * share, pictures.shares[order] * (1 - share)]
        return Pictures(images, labels, np.concatenate(shares, axis=1))


def transformed(layer: Any, images: np.ndarray) -> tuple[np.ndarray, Any]:
    """Pictures `b y x c`, changed, and how that was drawn."""
    from keras import ops

    drawn = layer.get_random_transformation(images, training=True)
    changed = layer.transform_images(ops.convert_to_tensor(images), drawn, training=True)
    return np.asarray(changed, "float32"), drawn


def moved(layer: Any, drawn: Any, pictures: Pictures) -> np.ndarray | None:
    """The boxes of pictures that a layer has changed as was drawn."""
    if pictures.boxes is None:
        return None
    layer.bounding_box_format = BOXES
    told = {"boxes": pictures.boxes, "labels": pictures.labels}
    found = layer.transform_bounding_boxes(told, drawn, training=True)
    return np.asarray(found["boxes"], "float32")
