"""Pictures as sequences of tokens, to be written one behind the other (Parmar et al. 2018)."""

import math

from zoo.core.errors import ZooError
from zoo.data.batching._painted import Painted
from zoo.data.batching.images import Images


class Pixels(Painted, Images):
    """Documents, `labels`, `augmentation` and sizes as in `images`. Pictures may be larger in a
    file: those that have a whole number of rows and columns for each one here become smaller, every
    place the mean of a square."""

    resizing = "area"

    def pixels(self, read, name, luck=None):
        shape = (self.height, self.width, self.num_channels)
        times = math.isqrt(read.size // math.prod(shape))
        if times < 1 or read.size != math.prod(shape) * times**2:
            wanted = " × ".join(map(str, shape))
            found = f"{name} has {read.size:,} numbers, expected {wanted}"
            raise ZooError(f"{found}, or a whole number of times as many rows and columns.")
        return smaller(read.reshape(self.height * times, -1, self.num_channels), times)


def smaller(images, times: int):
    """Pictures `… y x c` of whole numbers -> of `times` fewer rows and columns, rounded."""
    *rest, height, width, channels = images.shape
    squares = images.reshape(*rest, height // times, times, width // times, times, channels)
    return squares.mean(axis=(-4, -2)).round()
