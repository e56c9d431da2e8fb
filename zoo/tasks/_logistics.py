"""Mixtures of logistic distributions over the colours of a place, told in 256 steps a channel
(Salimans et al. 2017, PixelCNN++, arXiv:1701.05517, section 2.1; as released).

Colours are numbers from -1 to 1. The mean of a channel moves with the channels before it.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.core.colours import NUM_VALUES, real

STEP = 2 / (NUM_VALUES - 1)
LEAST_LOG_SCALE = -7.0
"""Narrower than that no logistic becomes."""
EDGE = 0.999
"""Colours beyond have everything that lies beyond them."""
RARE = 1e-5
"""A step that is less likely is told by the density in its middle."""
LIKE = {1: [], 3: [(0, 1), (0, 2), (1, 2)]}
"""Which channel moves the mean of which, for so many channels, in the order of coefficients."""


class Mixture(NamedTuple):
    """Of k parts; all float32."""

    weights: Any
    """`… k`, logarithms."""
    means: Any
    """`… c k`, of channels before which there is nothing."""
    log_scales: Any
    """`… c k`"""
    coefficients: Any
    """`… n k`, from -1 to 1, one for each of `LIKE`."""

    @classmethod
    def of(cls, told: Any, num_channels: int) -> "Mixture":
        """What a model tells, `… size(k, c)` -> the mixture."""
        told = ops.cast(told, "float32")
        by_channel = 1 + parts(num_channels) * num_channels
        number, lead = told.shape[-1] // by_channel, ops.shape(told)[:-1]
        shape = (*lead, num_channels, parts(num_channels), number)
        rest = ops.reshape(told[..., number:], shape)
        return cls(
            ops.log_softmax(told[..., :number], axis=-1),
            rest[..., 0, :],
            ops.maximum(rest[..., 1, :], LEAST_LOG_SCALE),
            ops.tanh(rest[..., 2, :]) if LIKE[num_channels] else rest[..., :0, 0, :],
        )

    @property
    def num_channels(self) -> int:
        return self.means.shape[-2]

    def log_likelihood(self, colours: Any) -> Any:
        """Colours `… c` -> the logarithm of how likely all their channels are, `…`."""
        channels = self._channels(colours)
        each = [self._channel(one, channels) for one in range(self.num_channels)]
        return ops.logsumexp(self.weights + sum(each), axis=-1)

    def scores(self, channel: int, colours: Any) -> Any:
        """How likely each value of a channel is, the channels before it given: of colours `… c` no
        others are read. Logarithms `… 256`, but for one number that is added to all."""
        before = self._channels(colours)[:channel]
        known = sum((self._channel(one, before) for one in range(channel)), start=self.weights)
        values = real(ops.arange(NUM_VALUES))
        told = self._channel(channel, [x[..., None, :] for x in before], values[:, None])
        return ops.logsumexp(known[..., None, :] + told, axis=-1)

    def _channels(self, colours: Any) -> list:
        return [colours[..., one : one + 1] for one in range(self.num_channels)]

    def _channel(self, channel: int, before: list, value: Any = None) -> Any:
        """The logarithm of how likely each part holds a value of a channel, by default its own of
        those in `before`; each there is `… 1`."""
        wide = (lambda x: x) if value is None else (lambda x: x[..., None, :])
        mean = wide(self.means[..., channel, :])
        for place, (earlier, later) in enumerate(LIKE[self.num_channels]):
            if later == channel:
                mean = mean + wide(self.coefficients[..., place, :]) * before[earlier]
        value = before[channel] if value is None else value
        return log_step(value, mean, wide(self.log_scales[..., channel, :]))


def parts(num_channels: int) -> int:
    """How many numbers there are for each channel of each part: a mean, a scale, coefficients."""
    return 2 + len(LIKE[num_channels]) // num_channels


def size(num_mixtures: int, num_channels: int) -> int:
    """How many numbers tell a mixture."""
    return num_mixtures * (1 + parts(num_channels) * num_channels)


def log_step(value: Any, mean: Any, log_scale: Any) -> Any:
    """The logarithm of how much of a logistic lies in the step around a value."""
    centred, steep = value - mean, ops.exp(-log_scale)
    above, below = steep * (centred + STEP / 2), steep * (centred - STEP / 2)
    inside, middle = ops.sigmoid(above) - ops.sigmoid(below), steep * centred
    density = middle - log_scale - 2 * ops.softplus(middle) + ops.log(STEP)
    within = ops.where(inside > RARE, ops.log(ops.maximum(inside, 1e-12)), density)
    first, last = above - ops.softplus(above), -ops.softplus(below)
    return ops.where(value < -EDGE, first, ops.where(value > EDGE, last, within))
