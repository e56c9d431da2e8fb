"""Each picture, faintly, over another; it belongs to the classes of both (Zhang et al. 2018)."""

from zoo.core.types import PositiveFloat
from zoo.data.augmentation import Augmentation, mixed, transformed


class MixUp(Augmentation):
    """The shares are drawn from a beta distribution with `alpha` twice."""

    def __init__(self, alpha: PositiveFloat = 0.2):
        self.alpha = alpha

    def change(self, pictures, luck):
        images, drawn = transformed(self._layer, pictures.images, luck)
        return mixed(pictures, images, drawn["permutation_order"], drawn["mix_weight"])

    def _layer(self, seed):
        import keras

        return keras.layers.MixUp(alpha=self.alpha, seed=seed)
