"""A rectangle of each picture in another; it belongs to the classes of both (Yun et al. 2019)."""

import numpy as np

from zoo.core.types import Share
from zoo.data.augmentation import Augmentation, mixed, transformed


class CutMix(Augmentation):
    """Shares go by area, drawn from a beta distribution with `alpha` twice."""

    def __init__(self, alpha: Share = 1.0):
        self.alpha = alpha

    def change(self, pictures, luck):
        images, drawn = transformed(self._layer, pictures.images, luck)
        kept = 1 - np.mean(drawn["batch_masks"], axis=(1, 2, 3))  # in whole places, as it is seen
        return mixed(pictures, images, drawn["permutation_order"], kept)

    def _layer(self, seed):
        import keras

        return keras.layers.CutMix(factor=(self.alpha, self.alpha), seed=seed)
