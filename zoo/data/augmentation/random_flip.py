"""Half of the pictures as a mirror shows them."""

from typing import Literal

from zoo.data.augmentation import Augmentation, transformed


class RandomFlip(Augmentation):
    """`mode` says which way."""

    def __init__(self, mode: Literal["horizontal", "vertical"] = "horizontal"):
        self.mode = mode

    def change(self, pictures, luck):
        images, _ = transformed(self._layer, pictures.images, luck)
        return pictures._replace(images=images)

    def _layer(self, seed):
        import keras

        return keras.layers.RandomFlip(self.mode, seed=seed)
