"""Adam whose step for each weight is as long as the weight itself (You et al. 2020)."""

import keras

from zoo.core.types import NonNegativeFloat, PositiveFloat, Probability
from zoo.training.optimizers import Optimizer


class Lamb(Optimizer):
    def __init__(
        self,
        beta_1: Probability = 0.9,
        beta_2: Probability = 0.999,
        epsilon: PositiveFloat = 1e-6,
        weight_decay: NonNegativeFloat = 0.0,
    ):
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.weight_decay = weight_decay

    def build(self, learning_rate, **common):
        betas = self.beta_1, self.beta_2
        decay = {"weight_decay": self.weight_decay or None}
        return keras.optimizers.Lamb(learning_rate, *betas, self.epsilon, **decay, **common)
