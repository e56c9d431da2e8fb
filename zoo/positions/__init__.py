"""Who stands where. Each encoding answers in one of a few places and leaves the others alone."""

from typing import Any

from zoo.core.errors import ZooError
from zoo.core.kinds import to_config
from zoo.core.layer import LayerKind
from zoo.core.places import Places, Tile


class Position(LayerKind):
    """The contract of every position encoding. Weights, if any, are made in `prepare`.

    Scores are asked for tile by tile, so no kernel ever holds a vector for every pair. What they
    need of the weights is taken once, in `tables`; `score` and `answer` are then pure functions, of
    which kernels take derivatives where they recompute.
    """

    shelf = "positions"
    max_sequence_length: int | None = None
    """How many positions there are; None when there is no end."""
    answers: bool = False
    """Whether `answer` adds anything."""
    marks: tuple[str, ...] = ()
    """What it asks to be told of each token, as patterns do; `tables` finds it in the places."""

    def prepare(self, num_heads: int, head_dim: int, hidden_dim: int | None = None) -> None:
        """Make what attention needs with `num_heads` of `head_dim`, in a stream of `hidden_dim`: as
        many features as all heads have, where that is not said."""
        if not self.built:
            self.build((num_heads, head_dim))

    def stand_on(self, height: int, width: int, query_strides: int = 1) -> None:
        """Be told how large the picture is whose places these are, and of how many of its rows, and
        columns, one asks. Raises ZooError where it knows no grid, and not all ask."""
        if query_strides > 1 and compares(self):
            kind = to_config(self)["kind"]
            raise ZooError(f"{kind} does not tell where in a picture queries stand.", "position")

    def compute_output_spec(self, x: Any, *_: Any, **__: Any) -> Any:
        return self.same_shape(x)

    def embed(self, x: Any, start: Any = None) -> Any:
        """x `b t d`, start int32 `b` or None for 0 -> `b t d`. For the embedding of a model."""
        return x

    def embed_within(self, x: Any, mask: Any) -> Any:
        """The same of rows that begin, where not all places are there: mask bool `b t`."""
        return self.embed(x)

    def add(self, x: Any, positions: Any, mask: Any = None) -> Any:
        """x `b t d` at positions int `b t` or `1 t`, consecutive -> what queries and keys are
        projected of, `b t d`; values are projected of x itself. mask bool `b t`: which places are
        there, where not all are."""
        return x

    def rotate(self, heads: Any, positions: Any) -> Any:
        """Queries or keys `b t h e`, positions int `b t` or `1 t` -> `b t h e`."""
        return heads

    def bias_query(self, query: Any, heads: slice = slice(None)) -> Any:
        """Queries `b q h e` of some heads -> `b q h e`."""
        return query

    def tables(self, places: Places, dtype: Any) -> list:
        """What `score` and `answer` need for these places, a list of tensors."""
        return []

    def score(self, query: Any, tables: list, tile: Tile) -> Any:
        """Scaled queries `b c q e` -> `b c q x`, x = n · k, to add to the scaled scores of a tile,
        or None. Axes may be 1 where all are alike."""
        return None

    def answer(self, weights: Any, tables: list, tile: Tile) -> Any:
        """Attention weights `b c q x` -> `b c q e` to add to the weighted values, or None."""
        return None

    def tie(self, first: "Position") -> None:
        """Share with `first`, the same kind in an earlier layer, what the recipe says is shared."""


def embeds(position: Position) -> bool:
    """Whether a position belongs at the embedding (or does nothing), not inside attention."""
    return not compares(position) and type(position).add is Position.add


def compares(position: Position) -> bool:
    """Whether it matters to a position where queries stand, and where keys."""
    own = type(position)
    return own.rotate is not Position.rotate or own.score is not Position.score


def attends(position: Position) -> bool:
    """Whether a position belongs inside attention (or does nothing)."""
    return type(position).embed is Position.embed
