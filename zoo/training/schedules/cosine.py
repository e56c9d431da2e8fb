"""Half a cosine from the peak down to `final` at the last step (Loshchilov & Hutter 2017)."""

import math

from keras import ops

from zoo.core.types import NonNegativeFloat
from zoo.training.schedules import Schedule


class Cosine(Schedule):
    def __init__(self, final: NonNegativeFloat = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.final = final

    def after_warmup(self, done):
        high = 0.5 * (1.0 + ops.cos(math.pi * self.progress(done)))
        return self.final + (self.peak - self.final) * high
