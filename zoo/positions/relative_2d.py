"""BoTNet's relative positions: q · (rows[steps down] + columns[steps right]) (Srinivas 2021).

    score(q, k) = Σ_y a[q, y] · [k stands in row y]  +  Σ_x b[q, x] · [k stands in column x]

so a query is multiplied with a vector a row and a column, never with one a pair.
"""

from keras import ops

from zoo.core.initial import normal
from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions._on_grid import OnGrid, stretched


class Relative2d(OnGrid):
    """Two tables, `2y-1 e` and `2x-1 e`, from the key farthest above or left of the query on.
    All heads share them."""

    def __init__(
        self,
        height: PositiveInt | None = None,
        width: PositiveInt | None = None,
        initializer_range: PositiveFloat | None = None,
        **kwargs,
    ):
        super().__init__(height, width, **kwargs)
        self.initializer_range = initializer_range

    def build(self, shape):
        head_dim = shape[1]
        spread = self.initializer_range or head_dim**-0.5
        self.down, self.right = (
            self.add_weight((2 * size - 1, head_dim), normal(spread, head_dim), name=name)
            for size, name in zip(self.grid, ("down", "right"))
        )
        self.built = True

    def resized(self, height, width):
        down, right = (stretched(*sizes) for sizes in zip(self.grid, (height, width)))
        return [ops.matmul(down, self.down), ops.matmul(right, self.right)]

    def tables(self, places, dtype):
        return [ops.cast(self.down, dtype), ops.cast(self.right, dtype)]

    def score(self, query, tables, tile):
        asking, asked = self.stood(tile)
        axes = list(zip(tables, asking, asked, self.grid))
        by_line = [by_target(query, table, here, size) for table, here, _, size in axes]
        lines = [one_hot(there, size, query.dtype) for _, _, there, size in axes]
        return product(ops.concatenate(by_line, -1), ops.concatenate(lines, -2))


def by_target(query, table, here, size):
    """Queries `b c q e` that stand in lines `… c q 1 1`, table `2y-1 e` -> the score of every line
    of keys, `b c q y`."""
    by_step = product(query, ops.transpose(table))
    step = ops.arange(size, dtype="int32") - here[..., 0] + size - 1
    return ops.take_along_axis(by_step, step if len(step.shape) == 4 else step[None], axis=-1)


def product(lines, table):
    """`b c q y` times `… y x`, where … is c or b c and axes may be 1 -> `b c q x`.

    TensorFlow 2.21 with oneDNN reads beyond the end of `1 1 y x` when it multiplies `b 1 q y` with
    it: with one axis more it does not.
    """
    return ops.matmul(lines[:, :, None], table[..., None, :, :])[:, :, 0]


def one_hot(there, size, dtype):
    """Lines of keys `… c 1 n k` -> which line each is in, `… c y x`."""
    *lead, _, blocks, keys = ops.shape(there)
    lines = ops.reshape(there, (*lead, 1, blocks * keys))
    return ops.cast(ops.equal(lines, ops.arange(size, dtype="int32")[:, None]), dtype)
