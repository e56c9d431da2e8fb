"""Each picture, faintly, over another; it belongs to the classes of both (Zhang et al. 2018)."""

from zoo.core.types import PositiveFloat
from zoo.data.augmentation._by_keras import Mixing


class MixUp(Mixing):
    """The shares are drawn from a beta distribution with `alpha` twice."""

    def __init__(self, alpha: PositiveFloat = 0.2):
        self.alpha = alpha

    def share(self, drawn):
        return drawn["mix_weight"]

    def layer(self, seed):
        import keras

        return keras.layers.MixUp(alpha=self.alpha, seed=seed)
