"""Every place of a picture is a token, with all its channels, for models that tell them at once
(Salimans et al. 2017, PixelCNN++)."""

import numpy as np

from zoo.core.colours import NUM_VALUES
from zoo.core.types import Literal
from zoo.tokenizers._pictures import Pictures


class Colours(Pictures):
    """A token id is the channels of a place as digits of 256, the first the highest."""

    channels_a_token = True

    def __init__(self, num_channels: Literal[1, 3] = 3, **kwargs):
        self.num_picture_tokens = NUM_VALUES**num_channels
        super().__init__(num_channels=num_channels, **kwargs)

    def digits(self) -> np.ndarray:
        """What one more in each channel adds to an id."""
        return NUM_VALUES ** np.arange(self.num_channels, dtype="int32")[::-1]

    def told(self, numbers):
        return sum(numbers[..., place] * digit for place, digit in enumerate(self.digits()))

    def numbers(self, token_ids):
        return token_ids[..., None] // self.digits() % NUM_VALUES
