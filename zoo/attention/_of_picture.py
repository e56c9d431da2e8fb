"""What attention shares whose queries, or whose keys, are fewer than the places of a picture."""

from typing import Any

from zoo.attention import Attention
from zoo.attention.patterns import Pattern
from zoo.attention.patterns.full import Full
from zoo.core.errors import ZooError
from zoo.core.places import Places, span
from zoo.core.types import PositiveInt


class OfPicture(Attention):
    """The contract of attention over a picture, whose size it is told. All of its queries see all
    of its keys, and nothing is remembered. Raises ZooError for another pattern than `full`, for
    heads in turn, and where nothing tells how large the picture is."""

    def __init__(
        self, num_heads: PositiveInt, head_dim: PositiveInt, pattern: Pattern = "full", **kwargs
    ):
        super().__init__(num_heads, head_dim, pattern=pattern, **kwargs)
        self.num_tokens = 0
        if not isinstance(self.pattern, Full):
            raise ZooError("expected full: queries and keys of a picture differ.", "pattern")
        if self.num_parallel_heads:
            raise ZooError("all heads of a picture are computed at once.", "num_parallel_heads")

    def stand_on(self, height, width, num_tokens=0):
        super().stand_on(height, width, num_tokens)
        self.num_tokens = num_tokens

    def sides(self) -> tuple[int, int]:
        """How many rows and columns the picture has."""
        if not self.grid:
            raise ZooError("looks at pictures: nothing tells how large this one is.", "attention")
        return self.grid

    def initial_state(self, batch_size, num_slots):
        return ()

    def heads(self, x: Any) -> tuple[Any, Any, Any]:
        """x `b t d` -> queries `b q h e`, keys and values `b k g e`, as they are projected."""
        raise NotImplementedError

    def placed(self, x: Any) -> Any:
        """x `b t d` -> what queries and keys are projected of."""
        return self.position.add(x, span(x.shape[1])[None])

    def call(self, x, padding_mask=None, state=(), marks=None, training=None):
        """x `b t d` -> what its queries are told, `b q d`, and `()`."""
        query, key, value = self.heads(x)
        places = Places(span(query.shape[1]), span(key.shape[1]), aligned=False)
        query = self.place_query(query, places.query_positions())
        key = self.place_key(key, places.key_positions())
        return self.attend(query, key, value, places), ()
