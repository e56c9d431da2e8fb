"""The peak, all the way."""

from zoo.training.schedules import Schedule


class Constant(Schedule):
    def after_warmup(self, done):
        return self.peak + 0.0 * done
