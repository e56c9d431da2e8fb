"""What all layers share that score queries against keys, however they are projected and called."""

from typing import Any

from zoo.attention._parts import HeadNorm
from zoo.attention.kernels import Kernel, Rules
from zoo.attention.kernels._automatic import automatic
from zoo.attention.kernels._dropout import Drop
from zoo.attention.kernels._softmax import Softmax
from zoo.attention.patterns import Pattern
from zoo.core.kinds import make
from zoo.core.layer import LayerKind
from zoo.core.places import Places
from zoo.core.types import PositiveFloat
from zoo.positions import Position

ALL = slice(None)


class Scored(LayerKind):
    """Where tokens stand, how scores become weights, and how it is computed: `kernel` defaults to
    the fastest that computes what is asked."""

    def __init__(
        self,
        position: Position = "nope",
        kernel: Kernel | None = None,
        soft_cap: PositiveFloat | None = None,
        off_by_one: bool = False,
        query_key_norm: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.position = make(Position, position, name="position", dtype=self.dtype_policy)
        self.kernel = None if kernel is None else make(Kernel, kernel)
        self.soft_cap, self.off_by_one = soft_cap, off_by_one
        self.query_key_norm = query_key_norm

    @property
    def offered_position(self) -> Position:
        """Where keys stand."""
        return self.position

    def check_kernel(self) -> None:
        """Raises ValueError when the kernel cannot compute what is asked. For the end of a
        constructor."""
        if self.kernel and (refused := self.kernel.refuses(self)):
            raise ValueError(f"kernel {type(self.kernel).__name__.lower()} {refused}.")

    def build_norms(self, query_shape: Any, key_shape: Any) -> None:
        if self.query_key_norm:
            self.query_norm = self.child(HeadNorm, name="query_norm")
            self.key_norm = self.child(HeadNorm, name="key_norm")
            self.query_norm.build(query_shape)
            self.key_norm.build(key_shape)

    def place_query(self, query: Any, positions: Any, heads: slice = ALL) -> Any:
        """Projected queries `b q h e` of some heads at positions `b q` or `1 q` -> as they are
        compared."""
        query = self.query_norm(query) if self.query_key_norm else query
        return self.position.bias_query(self.position.rotate(query, positions), heads)

    def place_key(self, key: Any, positions: Any) -> Any:
        """Projected keys `b k g e` at positions `b k` or `1 k` -> as they are compared."""
        key = self.key_norm(key) if self.query_key_norm else key
        return self.offered_position.rotate(key, positions)

    def rules(
        self,
        query: Any,
        places: Places,
        pattern: Pattern,
        drop: Drop | None,
        mask: Any = None,
        first_head: int = 0,
    ) -> Rules:
        """The rules for the scores of queries `b q h e`, of heads from the first on."""
        scoring, softmax = self.scoring(), Softmax(self.soft_cap, self.off_by_one)
        tables = scoring.tables(places, query.dtype)
        return Rules(places, pattern, scoring, tables, softmax, drop, mask, first_head)

    def scoring(self) -> Position:
        """What adds to the scores."""
        return self.position

    def compute(
        self, query: Any, key: Any, value: Any, rules: Rules, kernel: Kernel | None = None
    ) -> Any:
        """query `b q h e`, key and value `b k g e` -> `b q h e`."""
        kernel = kernel or self.kernel or automatic(rules, query.shape[2])
        return kernel(query, key, value, rules)
