"""A quarter of a cosine: many are hidden for long (Chang et al. 2022, MaskGIT, section 3.3)."""

import math

import numpy as np

from zoo.generation.mask_schedules import MaskSchedule


class Cosine(MaskSchedule):
    def part(self, ratio, digits):
        return np.cos(np.float32(math.pi / 2) * ratio)
