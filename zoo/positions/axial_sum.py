"""Sparse Transformer's positions: the sum of a vector an axis (Child et al. 2019, section 5.3).

Images have the axes row, column and channel; text and sound are cut into rows of the stride.
"""

from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions._by_axis import ByAxis


class AxialSum(ByAxis):
    def __init__(
        self, shape: list[PositiveInt], initializer_range: PositiveFloat | None = None, **kwargs
    ):
        super().__init__(shape, initializer_range, **kwargs)

    def sizes(self, hidden_dim):
        return [hidden_dim] * len(self.shape)

    def join(self, vectors):
        return sum(vectors)
