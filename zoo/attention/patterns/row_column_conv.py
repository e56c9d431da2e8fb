"""An image, after a text: layers look along rows and down columns, the last at a square.

The layers of DALL-E (arXiv 2102.12092, appendix B.1), as `row`, `column` and `conv` have them:
every fourth looks down columns, beginning with the third.
"""

import copy

from zoo.attention.patterns._text_and_image import TextAndImage
from zoo.attention.patterns.column import Column
from zoo.attention.patterns.conv import Conv
from zoo.attention.patterns.row import Row
from zoo.core.types import NonNegativeInt, PositiveInt


class RowColumnConv(TextAndImage):
    """Of `num_layers`; in none, rows."""

    def __init__(
        self,
        text_length: NonNegativeInt,
        width: PositiveInt,
        num_layers: PositiveInt,
        kernel_size: PositiveInt = 11,
    ):
        self.text_length, self.width = text_length, width
        self.num_layers, self.kernel_size = num_layers, kernel_size
        self.conv, self.image = Conv(text_length, width, kernel_size), Row(text_length, width).image

    def in_layer(self, layer):
        bound = copy.copy(self)
        if layer == self.num_layers - 1:
            bound.image = self.conv.image
        elif layer % 4 == 2:
            bound.image = Column(self.text_length, self.width).image
        return bound
