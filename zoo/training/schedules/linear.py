"""A straight line from the peak down to `final` at the last step."""

from zoo.core.types import NonNegativeFloat
from zoo.training.schedules import Schedule


class Linear(Schedule):
    def __init__(self, final: NonNegativeFloat = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.final = final

    def after_warmup(self, done):
        return self.peak + (self.final - self.peak) * self.progress(done)
