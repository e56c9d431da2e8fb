"""A colour as one number, its channels as digits of 256, the first the highest; and as numbers from
-1 to 1, one a channel."""

from typing import Any

from keras import ops

NUM_VALUES = 256


def joined(values: list) -> Any:
    """The values of channels, 0 to 255, int `…` each -> colours, int32 `…`."""
    found = ops.zeros_like(values[0])
    for value in values:
        found = found * NUM_VALUES + value
    return ops.cast(found, "int32")


def split(colours: Any, num_channels: int) -> Any:
    """Colours, int32 `…` -> their channels, float32 `… c`, from -1 to 1."""
    places = reversed(range(num_channels))
    return real(ops.stack([colours // NUM_VALUES**p % NUM_VALUES for p in places], axis=-1))


def real(values: Any) -> Any:
    """Values, 0 to 255 -> float32 from -1 to 1."""
    return ops.cast(values, "float32") * (2 / (NUM_VALUES - 1)) - 1
