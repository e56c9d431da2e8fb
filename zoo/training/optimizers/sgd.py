"""Gradient descent, with momentum (Polyak 1964) where it is asked for."""

import keras

from zoo.core.types import Probability
from zoo.training.optimizers import Optimizer


class Sgd(Optimizer):
    def __init__(self, momentum: Probability = 0.0, nesterov: bool = False):
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, learning_rate, **common):
        return keras.optimizers.SGD(learning_rate, self.momentum, self.nesterov, **common)
