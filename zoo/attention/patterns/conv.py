"""An image, after a text: a place sees the square around it, as far as it lies before the place.

Convolutional attention of DALL-E (arXiv 2102.12092, appendix B.1): squares of 11 × 11, cut at the
edges. Text is causal and seen by all of the image, which is `width` places wide.
"""

from zoo.attention.patterns._square import Square
from zoo.attention.patterns._text_and_image import TextAndImage
from zoo.core.types import NonNegativeInt, PositiveInt


class Conv(TextAndImage):
    def __init__(
        self, text_length: NonNegativeInt, width: PositiveInt, kernel_size: PositiveInt = 11
    ):
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size {kernel_size} must be odd: the place is its centre.")
        self.text_length, self.width, self.kernel_size = text_length, width, kernel_size
        self.image = Square(width, kernel_size // 2)
