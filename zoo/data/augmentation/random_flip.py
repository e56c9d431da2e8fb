"""Half of the pictures as a mirror shows them."""

from typing import Literal

from zoo.data.augmentation._by_keras import ByKeras


class RandomFlip(ByKeras):
    """`mode` says which way."""

    moves_boxes = True

    def __init__(self, mode: Literal["horizontal", "vertical"] = "horizontal"):
        self.mode = mode

    def layer(self, seed):
        import keras

        return keras.layers.RandomFlip(self.mode, seed=seed)
