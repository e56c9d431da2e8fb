"""What encodings of images share: place p stands in row p // width and column p mod width."""

from typing import Any

from keras import ops

from zoo.core.errors import ZooError
from zoo.core.places import Tile
from zoo.core.types import PositiveInt
from zoo.positions import Position


class OnGrid(Position):
    """The contract of encodings by row and column of a grid of `height` × `width` places: those of
    the picture, where a recipe does not say them. Raises ZooError where they are not the picture's,
    or nothing says them."""

    query_strides: int = 1
    """Of how many rows, and of how many columns, one asks."""

    def __init__(
        self, height: PositiveInt | None = None, width: PositiveInt | None = None, **kwargs
    ):
        super().__init__(**kwargs)
        self.height, self.width = height, width
        self.grid = (height, width) if height and width else None

    @property
    def max_sequence_length(self) -> int | None:
        return self.grid and self.grid[0] * self.grid[1]

    def stand_on(self, height, width, query_strides=1):
        if self.grid not in (None, (height, width)):
            found = f"found {self.grid[0]} × {self.grid[1]} places"
            raise ZooError(f"{found}, but the picture has {height} × {width}: leave them out.")
        self.grid, self.query_strides = (height, width), query_strides

    def sides(self) -> tuple[int, int]:
        """Height and width. Raises ZooError where nothing tells them."""
        if not self.grid:
            raise ZooError("needs height and width: nothing else tells how large the picture is.")
        return self.grid

    def prepare(self, num_heads, head_dim, hidden_dim=None):
        self.sides()
        super().prepare(num_heads, head_dim, hidden_dim)

    def rows_and_columns(self, positions: Any) -> tuple[Any, Any]:
        """int32 `…` -> the row and the column of each. Places outside count as the nearest."""
        height, width = self.sides()
        inside = ops.clip(positions, 0, height * width - 1)
        return inside // width, inside % width

    def stood(self, tile: Tile) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """The rows and columns of the queries of a tile, and those of its keys."""
        asking, asked = tile.positions()
        if self.query_strides == 1:
            return self.rows_and_columns(asking), self.rows_and_columns(asked)
        height, width = (-(-side // self.query_strides) for side in self.grid)
        inside = ops.clip(asking, 0, height * width - 1)
        here = (inside // width * self.query_strides, inside % width * self.query_strides)
        return here, self.rows_and_columns(asked)
