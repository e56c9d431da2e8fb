"""Every channel of every place of a picture is a token (van den Oord et al. 2016, Pixel RNN)."""

from zoo.core.colours import NUM_VALUES
from zoo.tokenizers._pictures import Pictures


class Pixels(Pictures):
    """Token ids 0 to 255 are what a channel is; channels of a place follow one another."""

    num_picture_tokens = NUM_VALUES

    def told(self, numbers):
        return numbers[..., 0]

    def numbers(self, token_ids):
        return token_ids
