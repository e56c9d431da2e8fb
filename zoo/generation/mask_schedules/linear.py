"""Less how far it is: as many fewer every time (Chang et al. 2022, MaskGIT, section 3.3)."""

from zoo.generation.mask_schedules._power import Power


class Linear(Power):
    exponent = 1.0
