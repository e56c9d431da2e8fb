"""What encodings of images share: place p stands in row p // width and column p mod width."""

from typing import Any

import numpy as np
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

    def resized(self, height: int, width: int) -> list:
        """The weights for another grid, in their order. Near by, steps stay what they are."""
        return []

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


def stretched(old: int, new: int) -> np.ndarray:
    """What each step along `new` places is made of, in steps along `old` ones: float32
    `2·new-1 2·old-1`.

    Steps near by stay what they are, as far as they can: the old ones are put at distances that
    grow geometrically until they reach the ends, and new ones lie between (Bao et al. 2022, as
    published). Of fewer places, the steps that are left are near.
    """
    if old == new:
        return np.eye(2 * old - 1, dtype="float32")
    growth = _growth(old - 1, new - 1)
    far = np.concatenate([[0], np.cumsum(growth ** np.arange(old - 1))])
    stand = np.concatenate([-far[:0:-1], far])
    wanted = np.arange(1 - new, new)
    return np.stack([np.interp(wanted, stand, one) for one in np.eye(2 * old - 1)], 1, dtype="f4")


def _growth(number: int, length: int) -> float:
    """By what each of so many distances is longer than that before it, that they fill a length;
    between 1.01 and 1.5."""
    low, high = 1.01, 1.5
    middle = (low + high) / 2
    while high - low > 1e-6:
        if (1 - middle**number) / (1 - middle) > length:
            high = middle
        else:
            low = middle
        middle = (low + high) / 2
    return middle
