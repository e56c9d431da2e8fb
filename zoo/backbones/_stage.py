"""A stage of an image model, as recipes write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.core.types import PositiveInt

if TYPE_CHECKING:
    from zoo.blocks.image import ImageBlock


@dataclass(frozen=True)
class Stage:
    """`num_layers` blocks alike in a row, `hidden_dim` wide. The first makes the picture `strides`
    times smaller."""

    block: ImageBlock
    hidden_dim: PositiveInt
    num_layers: PositiveInt = 1
    strides: PositiveInt = 1
