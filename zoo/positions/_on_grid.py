"""What encodings of images share: place p stands in row p // width and column p mod width."""

from typing import Any

from keras import ops

from zoo.core.types import PositiveInt
from zoo.positions import Position


class OnGrid(Position):
    """The contract of encodings by row and column of a grid of `height` × `width` places."""

    def __init__(self, height: PositiveInt, width: PositiveInt, **kwargs):
        super().__init__(**kwargs)
        self.height, self.width = height, width
        self.max_sequence_length = height * width

    def rows_and_columns(self, positions: Any) -> tuple[Any, Any]:
        """int32 `…` -> the row and the column of each. Places outside count as the nearest."""
        inside = ops.clip(positions, 0, self.height * self.width - 1)
        return inside // self.width, inside % self.width
