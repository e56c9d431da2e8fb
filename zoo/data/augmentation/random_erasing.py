"""A rectangle of noise over a part of the pictures (Zhong et al. 2020)."""

from zoo.core.types import Share
from zoo.data.augmentation._by_keras import ByKeras


class RandomErasing(ByKeras):
    """`rate` is how likely a picture has one, of 0.02 to 0.33 of its area."""

    moves_boxes = True

    def __init__(self, rate: Share = 0.25):
        self.rate = rate

    def layer(self, seed):
        import keras

        return keras.layers.RandomErasing(factor=(self.rate, self.rate), seed=seed)
