"""A few changes of colour and shape, drawn from many (Cubuk et al. 2020)."""

from zoo.core.types import PositiveInt, Share
from zoo.data.augmentation._by_keras import ByKeras


class RandAugment(ByKeras):
    """`num_ops` of them, each up to a part `factor` of the strongest."""

    def __init__(self, num_ops: PositiveInt = 2, factor: Share = 0.5):
        self.num_ops, self.factor = num_ops, factor

    def layer(self, seed):
        import keras

        return keras.layers.RandAugment(num_ops=self.num_ops, factor=self.factor, seed=seed)
