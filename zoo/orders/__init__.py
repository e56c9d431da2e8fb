"""In which order the places of a picture are written: pure functions of its size."""

import numpy as np

from zoo.core.kinds import Kind


class Order(Kind):
    """The contract of every order."""

    shelf = "orders"

    def order(self, height: int, width: int) -> np.ndarray:
        """Which place is written first, second, and so on, of a grid of `height` × `width` counted
        row by row: int64 `t`, each once."""
        raise NotImplementedError
