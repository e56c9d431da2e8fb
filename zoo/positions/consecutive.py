"""Positions of what stands in a row: those of a caption, then the rows and columns of the picture
(Ramesh et al. 2021, DALL-E, arXiv:2102.12092, appendix B.1)."""

from keras import ops

from zoo.core.errors import ZooError
from zoo.core.kinds import to_config
from zoo.core.places import positions as places_from
from zoo.core.places import span
from zoo.positions import Position
from zoo.positions._laid import of_embedding, vectors


class Consecutive(Position):
    """Each of `positions` has as many places as it knows, behind those of the one before. Raises
    ZooError for positions that add nothing to an embedding, and for those without an end."""

    def __init__(self, positions: list[Position], **kwargs):
        super().__init__(**kwargs)
        self.positions = [
            of_embedding(one, "positions", name=f"position_{place}", dtype=self.dtype_policy)
            for place, one in enumerate(positions)
        ]
        for one in self.positions:
            if one.max_sequence_length is None:
                kind = to_config(one)["kind"]
                raise ZooError(f"found {kind}, expected one whose places end.", "positions")
        self.max_sequence_length = sum(one.max_sequence_length for one in self.positions)

    def build(self, x_shape):
        for one in self.positions:
            one.build(x_shape)
        self.built = True

    def embed(self, x, start=None):
        return self(x, start)

    def call(self, x, start=None):
        parts = [vectors(one, one.max_sequence_length, x) for one in self.positions]
        places = places_from(span(ops.shape(x)[1]), start)
        return x + ops.take(ops.concatenate(parts, axis=0), places, axis=0)
