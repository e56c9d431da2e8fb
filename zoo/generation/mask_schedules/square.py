"""Less its square: concave, many are hidden for long (Chang et al. 2022, MaskGIT, section 3.3)."""

from zoo.generation.mask_schedules._power import Power


class Square(Power):
    exponent = 2.0
