"""What encodings share that learn a vector for each of some distances."""

from typing import Any

import keras
from keras import ops

from zoo.positions._by_distance import ByDistance


class TableByDistance(ByDistance):
    """The contract of tables by distance. Subclasses keep `per_head`, whether every head has tables
    of its own, and `values`, whether there is a table for values too."""

    num_rows: int

    def row(self, distances: Any) -> Any:
        """int32 `r` -> the row of each distance; one that is not in the table has no vector."""
        raise NotImplementedError

    def initializer(self, head_dim: int) -> keras.initializers.Initializer:
        raise NotImplementedError

    def build(self, shape):
        num_heads, head_dim = shape
        shape = (num_heads if self.per_head else 1, self.num_rows, head_dim)
        names = ("keys", "values") if self.values else ("keys",)
        self.vectors = [
            self.add_weight(shape, self.initializer(head_dim), name=name) for name in names
        ]
        self.built = True

    def tables(self, places, dtype):
        row = self.row(self.distances(places))
        nearest = ops.clip(row, 0, self.num_rows - 1)
        known = ops.cast(ops.equal(row, nearest), dtype)[:, None]
        return [ops.take(ops.cast(v, dtype), nearest, axis=1) * known for v in self.vectors]
