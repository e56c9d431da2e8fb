"""Normalisation over the features of a place, by name."""

import keras


def norm(kind: str, epsilon: float, use_bias: bool, **kwargs) -> keras.layers.Layer:
    """`layer_norm` (Ba et al. 2016), without its bias if so told, or `rms_norm` (Zhang and Sennrich
    2019), which has none."""
    if kind == "rms_norm":
        return keras.layers.RMSNormalization(epsilon=epsilon, **kwargs)
    return keras.layers.LayerNormalization(epsilon=epsilon, center=use_bias, **kwargs)
