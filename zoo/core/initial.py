"""What weights begin as."""

import keras


def normal(initializer_range: float | None, num_features: int) -> keras.initializers.RandomNormal:
    """Numbers around 0. None as their deviation is √(2 / 5n), of n features that are read or that a
    vector has: 0.05 for 160 of them, 0.02 for a thousand (Nguyen and Salazar 2019, section 2.2)."""
    return keras.initializers.RandomNormal(stddev=initializer_range or (0.4 / num_features) ** 0.5)
