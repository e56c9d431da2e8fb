"""What schedules share that fall by a power of how far it is."""

from typing import ClassVar

import numpy as np

from zoo.generation.mask_schedules import MaskSchedule


class Power(MaskSchedule):
    exponent: ClassVar[float]

    def part(self, ratio, digits):
        return np.float32(1) - ratio ** np.float32(self.exponent)
