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
from zoo.positions import Position, embeds


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
        self.position = make(Position, position, name="position", dtype=self.dtype_policy)
        self.max_sequence_length = height * width
        kind, end = to_config(self.position)["kind"], self.position.max_sequence_length
        if not embeds(self.position) or type(self.position).embed is Position.embed:
            raise ZooError(f"found {kind}, expected one for an embedding.", "position")
        if end and end < self.max_sequence_length:
            text = f"found {kind} of {end:,} places, expected {height} × {width}."
            raise ZooError(text, "position")

    def build(self, x_shape):
        self.position.build(x_shape)
        self.built = True

    def embed(self, x, start=None):
        return self(x, start)

    def call(self, x, start=None):
        nothing = ops.zeros((1, self.max_sequence_length, x.shape[-1]), x.dtype)
        lies = ops.take(self.position.embed(nothing)[0], self._order(), axis=0)
        return x + ops.take(lies, positions(span(ops.shape(x)[1]), start), axis=0)

    def _order(self):
        return self.order.order(self.height, self.width).astype("int32")
