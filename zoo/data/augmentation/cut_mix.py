"""A rectangle of each picture in another; it belongs to the classes of both (Yun et al. 2019)."""

import numpy as np

from zoo.core.types import Share
from zoo.data.augmentation._by_keras import Mixing


class CutMix(Mixing):
    """Shares go by area, drawn from a beta distribution with `alpha` twice."""

    def __init__(self, alpha: Share = 1.0):
        self.alpha = alpha

    def share(self, drawn):
        return 1 - np.mean(drawn["batch_masks"], axis=(1, 2, 3))  # in whole places, as it is seen

    def layer(self, seed):
        import keras

        return keras.layers.CutMix(factor=(self.alpha, self.alpha), seed=seed)
