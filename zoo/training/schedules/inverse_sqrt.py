"""One over the square root of the step (Noam; Vaswani et al. 2017, section 5.3).

With a warm-up of w steps the paper's d^-0.5 · min(s^-0.5, s · w^-1.5) is a `peak` of (d · w)^-0.5.
"""

from keras import ops

from zoo.training.schedules import Schedule


class InverseSqrt(Schedule):
    def after_warmup(self, done):
        first = self.warmup_steps + 1.0
        return self.peak * ops.sqrt(first / (done + first))
