"""Adam (Kingma & Ba 2015)."""

import keras

from zoo.core.types import PositiveFloat, Probability
from zoo.training.optimizers import Optimizer


class Adam(Optimizer):
    def __init__(
        self, beta_1: Probability = 0.9, beta_2: Probability = 0.999, epsilon: PositiveFloat = 1e-8
    ):
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, learning_rate, **common):
        return keras.optimizers.Adam(
            learning_rate, self.beta_1, self.beta_2, self.epsilon, **common
        )
