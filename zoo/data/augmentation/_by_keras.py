"""What is drawn and changed by layers of Keras, from luck alone."""

from typing import Any

import numpy as np

from zoo.data.augmentation import Augmentation, Pictures


class ByKeras(Augmentation):
    """The contract of what a layer of Keras does to pictures, each by itself."""

    def layer(self, seed: int) -> Any:
        """The layer, whose draws begin at a seed."""
        raise NotImplementedError

    def change(self, pictures, luck):
        return pictures._replace(images=self.transformed(pictures.images, luck)[0])

    def transformed(self, images: np.ndarray, luck: np.random.Generator) -> tuple[np.ndarray, Any]:
        """Pictures `b y x c`, changed, and how that was drawn."""
        from keras import ops

        layer = self.layer(int(luck.integers(2**31)))
        drawn = layer.get_random_transformation(images, training=True)
        changed = layer.transform_images(ops.convert_to_tensor(images), drawn, training=True)
        return np.asarray(changed, "float32"), drawn


class Mixing(ByKeras):
    """The contract of what puts another picture into each."""

    def share(self, drawn: dict[str, Any]) -> Any:
        """How much of each is its own, float `b`."""
        raise NotImplementedError

    def change(self, pictures, luck):
        images, drawn = self.transformed(pictures.images, luck)
        order = np.asarray(drawn["permutation_order"])
        share = np.reshape(self.share(drawn), (-1, 1)).astype("float32")
        labels = np.concatenate([pictures.labels, pictures.labels[order]], axis=1)
        shares = [pictures.shares * share, pictures.shares[order] * (1 - share)]
        return Pictures(images, labels, np.concatenate(shares, axis=1))
