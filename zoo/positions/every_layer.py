"""A position for an embedding, added at every layer to what queries and keys are projected of
(Carion et al. 2020, DETR, section A.4)."""

from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.positions import Position, embeds


class EveryLayer(Position):
    """Values are left without it. What is learned of a `position` all layers share that add the
    same. Raises ZooError for a position that adds nothing to an embedding."""

    def __init__(self, position: Position, **kwargs):
        super().__init__(**kwargs)
        made = make(Position, position)
        self.position, self.added = to_config(made), None
        self.max_sequence_length = made.max_sequence_length
        if not embeds(made) or type(made).embed is Position.embed:
            kind = self.position["kind"]
            raise ZooError(f"found {kind}, expected one for an embedding.", "position")

    def own(self) -> Position:
        """The position that is added, unless another layer's is shared already."""
        if self.added is None:
            self.added = make(Position, self.position, name="added", dtype=self.dtype_policy)
        return self.added

    def stand_on(self, height, width, query_strides=1):
        self.own().stand_on(height, width)

    def prepare(self, num_heads, head_dim, hidden_dim=None):
        added = self.own()
        if not added.built:
            added.build((None, None, hidden_dim or num_heads * head_dim))
        super().prepare(num_heads, head_dim, hidden_dim)

    def add(self, x, positions, mask=None):
        added = self.own()
        if mask is None:
            return added.embed(x, positions[:, 0])
        return added.embed_within(x, mask)

    def tie(self, first):
        if first.position == self.position:
            self.added = first.own()
