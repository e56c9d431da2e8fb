"""A learned vector for every distance up to a limit, for keys and for values (Shaw et al. 2018).

    score(q, k) = q · (key + a_K[d])        answer = Σ weight · (value + a_V[d])

with d the distance clipped to ± `max_distance` (sections 3.1 and 3.2).
"""

import keras
from keras import ops

from zoo.core.types import PositiveInt
from zoo.positions._table_by_distance import TableByDistance


class RelativeShaw(TableByDistance):
    """Row `clip(key - query) + max_distance` of a table of `2 max_distance + 1`.

    `values` is for a_V. The heads of a layer share the tables unless `per_head`.
    """

    def __init__(
        self, max_distance: PositiveInt, values: bool = True, per_head: bool = False, **kwargs
    ):
        super().__init__(**kwargs)
        self.max_distance, self.values, self.per_head = max_distance, values, per_head
        self.num_rows, self.answers = 2 * max_distance + 1, values

    def initializer(self, head_dim):
        return keras.initializers.GlorotUniform()

    def row(self, distances):
        return self.max_distance - ops.clip(distances, -self.max_distance, self.max_distance)
