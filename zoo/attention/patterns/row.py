"""An image, after a text: a place sees the line of places before it, on into the row above.

Row attention of DALL-E (arXiv 2102.12092, appendix B.1). Text is causal and seen by all of the
image, which is `width` places wide.
"""

from zoo.attention.patterns._text_and_image import TextAndImage
from zoo.attention.patterns.local import Local
from zoo.core.types import NonNegativeInt, PositiveInt


class Row(TextAndImage):
    def __init__(self, text_length: NonNegativeInt, width: PositiveInt):
        self.text_length, self.width = text_length, width
        self.image = Local(width)
