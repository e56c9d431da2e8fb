"""Pictures of coloured shapes on noise, and where they are. Nothing is downloaded: they are drawn.

Every class is a shape; colours and sizes tell nothing.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from zoo.core.objects import Seen, written
from zoo.core.types import NonNegativeFloat, PositiveInt
from zoo.data.sources._synthetic import Synthetic

COLOURS = np.array(
    [[230, 40, 40], [40, 190, 60], [50, 80, 230], [235, 210, 40], [210, 60, 210], [40, 205, 215]]
)
EDGE = 1e-9
"""A place whose middle is on the edge belongs to a shape, however that is rounded."""
INSIDE = {
    "circle": lambda across, down: (across - 0.5) ** 2 + (down - 0.5) ** 2 <= 0.25,
    "square": lambda across, down: np.ones(np.broadcast(across, down).shape, bool),
    "triangle": lambda across, down: abs(across - 0.5) <= (down + down.min()) / 2 + EDGE,
    "diamond": lambda across, down: abs(across - 0.5) + abs(down - 0.5) <= 0.5 + EDGE,
}
"""Which places belong to a shape, by how far across and down its box their middles are, 0 to 1."""
GROUND, TINT = (60, 190), 20
"""How bright the ground is, and how far its colours are apart."""
TRIES = 20
"""How often a place is looked for where a shape covers no other."""


class Shapes(Synthetic):
    """A document is a picture of `image_size` × `image_size` places in red, green and blue, row by
    row, on which 1 to `max_objects` of the `shapes` lie side by side, from `min_size` to `max_size`
    wide and high, on a grey ground; `noise` is the standard deviation of what is added to
    all. Its answer has a line for each shape, `circle 0.5 0.25 0.125 0.125`: the centre from the
    left and from the top, width and height, as parts of the picture.
    Raises ValueError for sizes out of order, and for a shape that is named twice."""

    def __init__(
        self,
        image_size: PositiveInt = 64,
        shapes: list[Literal["circle", "square", "triangle", "diamond"]] | None = None,
        max_objects: PositiveInt = 4,
        min_size: PositiveInt = 10,
        max_size: PositiveInt = 28,
        noise: NonNegativeFloat = 20.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not min_size <= max_size <= image_size:
            raise ValueError(
                f"min_size {min_size} must be at most max_size {max_size}, and that at most "
                f"image_size {image_size}."
            )
        self.shapes = shapes or list(INSIDE)
        if len(set(self.shapes)) < len(self.shapes):
            raise ValueError(f"shapes {self.shapes} must be all different.")
        self.image_size, self.max_objects, self.noise = image_size, max_objects, noise
        self.min_size, self.max_size = min_size, max_size

    def draw(self, random):
        while True:
            image, found = self._picture(random)
            text, answer = image.tobytes(), written(found).encode()
            yield text + answer, ((len(text), len(text) + len(answer)),)

    def _picture(self, random: np.random.Generator) -> tuple[np.ndarray, list[Seen]]:
        """uint8 `y x c`, and what is on it."""
        size, found = self.image_size, []
        image = np.empty((size, size, 3))
        image[:] = random.integers(*GROUND) + random.integers(-TINT, TINT + 1, 3)
        free = np.ones((size, size), bool)
        for left, top, width in self._places(random, free):
            name = self.shapes[random.integers(len(self.shapes))]
            part = (np.arange(width) + 0.5) / width
            inside = INSIDE[name](part[None], part[:, None])
            image[top : top + width, left : left + width][inside] = random.choice(COLOURS)
            centre = ((left + width / 2) / size, (top + width / 2) / size)
            found.append(Seen(name, (*centre, width / size, width / size)))
        image += random.normal(0, self.noise, image.shape)
        return np.clip(np.round(image), 0, 255).astype("uint8"), found

    def _places(
        self, random: np.random.Generator, free: np.ndarray
    ) -> Iterator[tuple[int, int, int]]:
        """Left, top and width of boxes that cover no other: at least one."""
        for _ in range(random.integers(1, self.max_objects + 1)):
            width = int(random.integers(self.min_size, self.max_size + 1))
            for _ in range(TRIES):
                left, top = random.integers(0, self.image_size - width + 1, 2).tolist()
                box = free[top : top + width, left : left + width]
                if box.all():
                    box[:] = False
                    yield left, top, width
                    break
