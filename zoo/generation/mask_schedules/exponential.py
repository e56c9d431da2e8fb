"""By powers of two: concave, nearly all are hidden until the last turns (Chang et al. 2022,
MaskGIT, appendix)."""

import numpy as np

from zoo.generation.mask_schedules import MaskSchedule


class Exponential(MaskSchedule):
    def part(self, ratio, digits):
        return np.float32(1) - np.exp2(-digits * (np.float32(1) - ratio))
