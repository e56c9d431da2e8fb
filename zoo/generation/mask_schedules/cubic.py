"""Less its third power: concave, more than the square (Chang et al. 2022, MaskGIT, section 3.3)."""

from zoo.generation.mask_schedules._power import Power


class Cubic(Power):
    exponent = 3.0
