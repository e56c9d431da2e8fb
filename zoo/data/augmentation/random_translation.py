"""Pictures moved a little; black comes in at the border."""

from zoo.core.types import Probability
from zoo.data.augmentation._by_keras import ByKeras


class RandomTranslation(ByKeras):
    """Up and down by up to a part `height_factor` of the height, and as well to the sides."""

    moves_boxes = True

    def __init__(self, height_factor: Probability = 0.125, width_factor: Probability = 0.125):
        self.height_factor, self.width_factor = height_factor, width_factor

    def layer(self, seed):
        import keras

        return keras.layers.RandomTranslation(
            self.height_factor,
            self.width_factor,
            fill_mode="constant",
            interpolation="nearest",
            seed=seed,
        )
