"""Less its square root: convex, few are hidden soon (Chang et al. 2022, MaskGIT, section 3.3)."""

from zoo.generation.mask_schedules._power import Power


class SquareRoot(Power):
    exponent = 0.5
