"""What is measured of codes beside a loss."""

from typing import Any

import keras
from keras import ops


class Codes(keras.metrics.Metric):
    """The contract of what is told by how often each of a number of codes was written since it was
    reset."""

    def __init__(self, num_codes: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.times = self.add_weight((num_codes,), name="times", initializer="zeros")

    def update_state(self, times: Any, sample_weight: Any = None) -> None:
        """float32 `v`: how often each was written."""
        self.times.assign_add(ops.cast(times, self.times.dtype))


class Usage(Codes):
    """The share of codes that were written at all."""

    def result(self) -> Any:
        return ops.mean(ops.cast(ops.convert_to_tensor(self.times) > 0, "float32"))


class Perplexity(Codes):
    """As many codes, written equally often, would be as hard to guess: e to the power of their
    entropy."""

    def result(self) -> Any:
        times = ops.convert_to_tensor(self.times)
        share = times / ops.maximum(ops.sum(times), 1.0)
        return ops.exp(-ops.sum(share * ops.log(ops.maximum(share, 1e-12))))


def written(codes: Any, rows: Any, num_codes: int) -> Any:
    """How often each code stands in codes, int32 `b y x`, of the rows that count, float32 `b`:
    float32 `v`."""
    each = ops.broadcast_to(rows[:, None, None], ops.shape(codes))
    return ops.segment_sum(ops.reshape(each, (-1,)), ops.reshape(codes, (-1,)), num_codes)


def psnr(seen: Any, wanted: Any) -> Any:
    """The peak signal-to-noise ratio of pictures float32 `b y x c`, 0 to 1, in dB, float32 `b`; at
    most 100."""
    error = ops.mean(ops.square(ops.clip(seen, 0.0, 1.0) - wanted), axis=(1, 2, 3))
    return -10 / ops.log(ops.cast(10.0, error.dtype)) * ops.log(ops.maximum(error, 1e-10))
