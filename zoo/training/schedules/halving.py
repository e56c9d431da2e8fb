"""The peak for `start` of the run, then halved `times` times, evenly up to the last step (as
tensorflow/nmt's `luong10` trains Luong et al. 2015 and GNMT)."""

from keras import ops

from zoo.core.types import PositiveInt, Probability
from zoo.training.schedules import Schedule


class Halving(Schedule):
    def __init__(self, start: Probability = 0.5, times: PositiveInt = 10, **kwargs):
        super().__init__(**kwargs)
        self.start, self.times = start, times

    def after_warmup(self, done):
        behind = ops.maximum(self.progress(done) - self.start, 0.0) / (1 - self.start)
        # A hair more, so that a step that divides evenly is not rounded to the one before.
        return self.peak * 0.5 ** ops.floor(behind * self.times + 1e-5)
