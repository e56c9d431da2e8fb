"""A rectangle of noise over a part of the pictures (Zhong et al. 2020)."""

from zoo.core.types import Share
from zoo.data.augmentation import Augmentation, transformed


class RandomErasing(Augmentation):
    """`rate` is how likely a picture has one, of 0.02 to 0.33 of its area."""

    def __init__(self, rate: Share = 0.25):
        self.rate = rate

    def change(self, pictures, luck):
        images, _ = transformed(self._layer, pictures.images, luck)
        return pictures._replace(images=images)

    def _layer(self, seed):
        import keras

        return keras.layers.RandomErasing(factor=(self.rate, self.rate), seed=seed)
