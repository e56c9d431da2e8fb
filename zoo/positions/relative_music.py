"""Music Transformer's relative positions: q · e[distance] (Huang et al. 2018, section 3.4).

Distances of `max_distance` and more add nothing to the score.
"""

import keras

from zoo.core.types import PositiveInt
from zoo.positions._table_by_distance import TableByDistance


class RelativeMusic(TableByDistance):
    """Rows from the largest distance, `max_distance - 1`, down to 0; if `bidirectional`, further
    down to keys `max_distance - 1` behind the query. `values` adds such vectors to values too.
    """

    def __init__(
        self,
        max_distance: PositiveInt,
        bidirectional: bool = False,
        values: bool = False,
        per_head: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.max_distance, self.bidirectional = max_distance, bidirectional
        self.values, self.per_head = values, per_head
        self.num_rows = 2 * max_distance - 1 if bidirectional else max_distance
        self.answers = values

    def initializer(self, head_dim):
        return keras.initializers.RandomNormal(stddev=head_dim**-0.5)

    def row(self, distances):
        return self.max_distance - 1 - distances
