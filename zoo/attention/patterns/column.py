"""An image, after a text: a place sees its column, down to itself.

Column attention of DALL-E (arXiv 2102.12092, appendix B.1). Text is causal and seen by all of the
image, which is `width` places wide.
"""

from zoo.attention.patterns._text_and_image import TextAndImage
from zoo.attention.patterns.dilated import Dilated
from zoo.core.types import NonNegativeInt, PositiveInt


class Column(TextAndImage):
    def __init__(self, text_length: NonNegativeInt, width: PositiveInt):
        self.text_length, self.width = text_length, width
        self.image = Dilated(None, dilation=width)
