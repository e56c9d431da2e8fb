"""Who stands where. Each encoding answers in one of three places and leaves the other two alone."""

from typing import Any

from zoo.core.layer import LayerKind
from zoo.core.places import Places


class Position(LayerKind):
    """The contract of every position encoding. Weights, if any, are made in `prepare`."""

    shelf = "positions"
    max_sequence_length: int | None = None
    """How many positions there are; None when there is no end."""

    def prepare(self, num_heads: int, head_dim: int) -> None:
        """Make what attention with `num_heads` of `head_dim` needs."""
        if not self.built:
            self.build((num_heads, head_dim))

    def compute_output_spec(self, x: Any, *_: Any, **__: Any) -> Any:
        return self.same_shape(x)

    def embed(self, x: Any, start: Any = None) -> Any:
        """x `b t d`, start int32 `b` or None for 0 -> `b t d`. For the embedding of a model."""
        return x

    def rotate(self, heads: Any, positions: Any) -> Any:
        """Queries or keys `b t h e`, positions int `b t` or `1 t` -> `b t h e`."""
        return heads

    def score(self, query: Any, key: Any, places: Places) -> Any:
        """query `b q h e`, key `b k g e` -> `b h q k` to add to the scaled scores, or None."""
        return None

    def tie(self, first: "Position") -> None:
        """Share with `first`, the same kind in an earlier layer, what the recipe says is shared."""


def embeds(position: Position) -> bool:
    """Whether a position belongs at the embedding (or does nothing), not inside attention."""
    own = type(position)
    return own.rotate is Position.rotate and own.score is Position.score


def attends(position: Position) -> bool:
    """Whether a position belongs inside attention (or does nothing)."""
    return type(position).embed is Position.embed
