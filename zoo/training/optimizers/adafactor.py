"""Adam with factored second moments, for little optimizer memory (Shazeer & Stern 2018)."""

import keras

from zoo.core.types import PositiveFloat
from zoo.training.optimizers import Optimizer


class Adafactor(Optimizer):
    def __init__(self, clip_threshold: PositiveFloat = 1.0, relative_step: bool = False):
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def build(self, learning_rate, **common):
        return keras.optimizers.Adafactor(
            learning_rate,
            clip_threshold=self.clip_threshold,
            relative_step=self.relative_step,
            **common,
        )
