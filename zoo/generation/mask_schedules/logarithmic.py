"""By the logarithm of how far it is: convex, few are hidden soon (Chang et al. 2022, MaskGIT,
appendix)."""

import numpy as np

from zoo.generation.mask_schedules import MaskSchedule


class Logarithmic(MaskSchedule):
    def part(self, ratio, digits):
        return -np.log2(ratio) / digits
