"""How the learning rate changes with the step. All begin with a linear warm-up."""

from typing import Any

import keras
from keras import ops

from zoo.core.kinds import Kind, options
from zoo.core.types import Given, NonNegativeInt, PositiveFloat


class Schedule(Kind, keras.optimizers.schedules.LearningRateSchedule):
    """The contract of every schedule. `peak` is reached when the warm-up ends; `steps` is the
    length of the run."""

    shelf = "training/schedules"

    def __init__(
        self, peak: PositiveFloat, warmup_steps: NonNegativeInt = 0, steps: Given[int] = 1
    ):
        self.peak, self.warmup_steps, self.steps = peak, warmup_steps, steps
        if warmup_steps >= steps > 1:
            raise ValueError(f"warmup_steps {warmup_steps} must be below the run's steps {steps}.")

    def get_config(self) -> dict[str, Any]:
        return options(self)

    def after_warmup(self, done: Any) -> Any:
        """Steps since the warm-up, float32 -> learning rate."""
        raise NotImplementedError

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        rising = self.peak * (step + 1.0) / (self.warmup_steps + 1.0)
        falling = self.after_warmup(ops.maximum(step - self.warmup_steps, 0.0))
        return ops.where(step < self.warmup_steps, rising, falling)

    def progress(self, done: Any) -> Any:
        """Steps since the warm-up -> 0 to 1 at the end of the run."""
        return ops.minimum(done / max(1, self.steps - self.warmup_steps), 1.0)


class ByBatches(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule as Keras calls it, with the number of batches, where the gradients of `gathered`
    batches make one step."""

    def __init__(self, schedule: Schedule, gathered: int):
        self.schedule, self.gathered = schedule, gathered

    def get_config(self) -> dict[str, Any]:
        return {"schedule": self.schedule, "gathered": self.gathered}

    def __call__(self, step: Any) -> Any:
        return self.schedule(ops.floor_divide(step, self.gathered))
