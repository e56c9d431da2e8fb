"""Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

import keras

from zoo.core.types import NonNegativeFloat, PositiveFloat, Probability
from zoo.training.optimizers import Optimizer


class Adamw(Optimizer):
    """Biases and layer-norm scales are never decayed."""

    def __init__(
        self,
        weight_decay: NonNegativeFloat = 0.1,
        beta_1: Probability = 0.9,
        beta_2: Probability = 0.95,
        epsilon: PositiveFloat = 1e-8,
    ):
        self.weight_decay, self.beta_1, self.beta_2 = weight_decay, beta_1, beta_2
        self.epsilon = epsilon

    def build(self, learning_rate, **common):
        return keras.optimizers.AdamW(
            learning_rate, self.weight_decay, self.beta_1, self.beta_2, self.epsilon, **common
        )
