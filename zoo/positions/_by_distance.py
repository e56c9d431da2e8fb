"""What encodings share that have a vector for every distance: query · vector, by skewing."""

from typing import Any

from keras import ops

from zoo.core.places import span
from zoo.positions import Position
from zoo.positions._skew import skew, unskew


class ByDistance(Position):
    """The contract of encodings by distance. The first table holds a row a distance, `h r e`, from
    the largest distance down; the second, where there are values too, likewise. Heads that are all
    alike share one table, `1 r e`."""

    def distances(self, places: Any) -> Any:
        """int32 `r`, from the largest in these places down to the smallest."""
        keys, queries = ops.shape(places.key)[0], ops.shape(places.query)[0]
        return places.farthest() - span(keys + queries - 1)

    def score(self, query, tables, tile):
        rows = take_rows(tables[0], tile, query)
        by_distance = ops.matmul(query[:, :, None], ops.transpose(rows, (0, 1, 3, 2)))
        return by_key(by_distance, tile)

    def answer(self, weights, tables, tile):
        if not self.answers:
            return None
        rows = ops.cast(take_rows(tables[1], tile, weights), weights.dtype)
        _, blocks, keys = ops.shape(tile.key)
        by_block = ops.reshape(weights, (*ops.shape(weights)[:3], blocks, keys))
        by_block = ops.transpose(by_block, (0, 1, 3, 2, 4))
        by_distance = unskew(by_block, num_distances(tile, weights))
        return ops.sum(ops.matmul(by_distance, rows), axis=2)


def num_distances(tile: Any, query: Any) -> Any:
    """How many distances there are between the queries `b c q …` and the keys of a block; those to
    later keys left out where they need not be right."""
    keys = ops.shape(tile.key)[2]
    return keys if tile.backward else ops.shape(query)[2] + keys - 1


def take_rows(table: Any, tile: Any, query: Any) -> Any:
    """table `h r e` or `1 r e`, queries `b c q …` -> the rows for each block of a tile,
    `c n r e`, from its largest distance down. `c n` is `1 1` where all are alike."""
    columns = num_distances(tile, query)
    own = table.shape[0] != 1
    if tile.whole:
        return (table[tile.head[0] : tile.head[-1] + 1] if own else table)[:, None, :columns]
    farthest = tile.query[:, :1] + (ops.shape(query)[2] - 1) - tile.key[:, :, 0]
    index = (tile.farthest - farthest)[..., None] + span(columns)
    rows = ops.shape(table)[1]
    index = ops.clip(index, 0, rows - 1)
    if own:
        index = index + (tile.head * rows)[:, None, None]
    return ops.take(ops.reshape(table, (-1, table.shape[-1])), index, axis=0)


def by_key(by_distance: Any, tile: Any) -> Any:
    """Scores by distance `b c n q r` -> scores of a tile `b c q x`."""
    scores = ops.transpose(skew(by_distance, ops.shape(tile.key)[2]), (0, 1, 3, 2, 4))
    return ops.reshape(scores, (*ops.shape(scores)[:3], -1))
