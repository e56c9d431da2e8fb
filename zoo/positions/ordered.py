"""A position of a picture whose places are written in another order than row by row.

What is learned of rows, columns and channels belongs to where a place lies, not to when it is
written.
"""

from keras import ops

from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.core.places import positions, span
from zoo.core.types import PositiveInt
from zoo.orders import Order
from zoo.positions import Position
from zoo.positions._laid import of_embedding, vectors


class Ordered(Position):
    """The places of a grid of `height` × `width` in an `order`, each with the vector that
    `position` has for it row by row. Channels that are tokens of their own count as columns.
    Raises ZooError for a position that adds nothing to an embedding, or to fewer places."""

    def __init__(
        self,
        order: Order,
        position: Position,
        height: PositiveInt,
        width: PositiveInt,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.order, self.height, self.width = make(Order, order), height, width
        given = {"name": "position", "dtype": self.dtype_policy}
        self.position = of_embedding(position, "position", **given)
        self.max_sequence_length = height * width
        end = self.position.max_sequence_length
        if end and end < self.max_sequence_length:
            kind = to_config(self.position)["kind"]
            text = f"found {kind} of {end:,} places, expected {height} × {width}."
            raise ZooError(text, "position")

    def build(self, x_shape):
        self.position.build(x_shape)
        self.built = True

    def embed(self, x, start=None):
        return self(x, start)

    def call(self, x, start=None):
        table = vectors(self.position, self.max_sequence_length, x)
        lies = ops.take(table, self._order(), axis=0)
        return x + ops.take(lies, positions(span(ops.shape(x)[1]), start), axis=0)

    def _order(self):
        return self.order.order(self.height, self.width).astype("int32")
