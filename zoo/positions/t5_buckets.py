"""T5's relative bias: one number a head for every bucket of distances (Raffel et al. 2020, 2.1).

Half of the buckets are for one distance each, the others grow geometrically up to `max_distance`.
T5 adds the bias to scores that are not divided by the root of the head dimension.
"""

import keras
import numpy as np
from keras import ops

from zoo.core.layer import LayerKind
from zoo.core.types import PositiveFloat, PositiveInt
from zoo.positions._by_distance import ByDistance, by_key, num_distances, take_rows


class T5Buckets(ByDistance):
    """`bidirectional` gives half of the buckets to keys behind the query; else all of those are in
    bucket 0, as in T5's decoder. `tie_bias` shares one table over all layers of a model.
    """

    def __init__(
        self,
        num_buckets: PositiveInt = 32,
        max_distance: PositiveInt = 128,
        bidirectional: bool = True,
        tie_bias: bool = True,
        initializer_range: PositiveFloat = 0.02,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_buckets, self.max_distance = num_buckets, max_distance
        self.bidirectional, self.tie_bias = bidirectional, tie_bias
        self.initializer_range = initializer_range
        sides = 2 if bidirectional else 1
        if num_buckets % (2 * sides):
            raise ValueError(f"num_buckets {num_buckets} must be a multiple of {2 * sides}.")
        if max_distance <= num_buckets // sides // 2:
            found = f"max_distance {max_distance} must be above {num_buckets // sides // 2}"
            raise ValueError(f"{found}: as many distances have a bucket of their own.")
        self.starts = starts(num_buckets // sides, max_distance)
        self.by_bucket = None

    def build(self, shape):
        self.make_table()
        if not self.by_bucket.built:
            self.by_bucket.build((self.num_buckets, shape[0]))
        self.built = True

    def make_table(self):
        """A table of its own, unless another layer's is shared already."""
        if self.by_bucket is None:
            self.by_bucket = self.child(ByBucket, self.initializer_range, name="by_bucket")

    def tie(self, first):
        if self.tie_bias:
            first.make_table()
            self.by_bucket = first.by_bucket

    def bucket(self, distances):
        """int32 `r`, query - key -> the bucket of each, `r`."""
        back = ops.abs(distances) if self.bidirectional else ops.maximum(distances, 0)
        bucket = ops.sum(ops.cast(back[:, None] >= self.starts, "int32"), axis=-1)
        if not self.bidirectional:
            return bucket
        return ops.where(ops.less(distances, 0), bucket + self.num_buckets // 2, bucket)

    def tables(self, places, dtype):
        bucket = self.bucket(self.distances(places))
        by_distance = ops.take(ops.cast(self.by_bucket.table, "float32"), bucket, axis=0)
        return [ops.transpose(by_distance)[..., None]]

    def score(self, query, tables, tile):
        rows = ops.transpose(take_rows(tables[0], tile, query), (0, 1, 3, 2))
        lines = (*ops.shape(rows)[:2], ops.shape(query)[2], num_distances(tile, query))
        return by_key(ops.broadcast_to(rows, lines)[None], tile)


class ByBucket(LayerKind):
    """A number for every bucket and head."""

    def __init__(self, initializer_range: PositiveFloat = 0.02, **kwargs):
        super().__init__(**kwargs)
        self.initializer_range = initializer_range

    def build(self, shape):
        initializer = keras.initializers.RandomNormal(stddev=self.initializer_range)
        self.table = self.add_weight(shape=shape, initializer=initializer, name="table")
        self.built = True


def starts(num_buckets: int, max_distance: int) -> np.ndarray:
    """int32: the smallest distance of each bucket but the first."""
    exact = num_buckets // 2
    ratio = max_distance / exact
    growing = exact * ratio ** (np.arange(1, num_buckets - exact) / (num_buckets - exact))
    growing = np.ceil(np.round(growing, 6))  # a whole number stays one
    return np.concatenate([np.arange(1, exact + 1), growing]).astype("int32")
