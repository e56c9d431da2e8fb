"""Attention layers: project, place, attend, project back."""

from typing import Any

import keras
from keras import ops

from zoo.attention._parts import Seeds
from zoo.attention._scored import Scored
from zoo.attention.kernels import Kernel
from zoo.attention.kernels._dropout import Drop
from zoo.attention.patterns import Pattern
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.core.places import Places, span
from zoo.core.types import PositiveFloat, PositiveInt, Probability
from zoo.core.window import count
from zoo.positions import attends


class Attention(Scored):
    """The contract of every attention, and the projections they share.

    `num_key_value_heads` defaults to `num_heads`; `kernel` to the fastest that computes what is
    asked. Subclasses say in `call` what the keys are and what is remembered.
    Raises ValueError when the heads do not divide, ZooError for a position that belongs elsewhere.
    """

    shelf = "attention"
    memory_length: int | None = None
    """How many tokens are remembered from segment to segment; None when nothing is."""

    def __init__(
        self,
        num_heads: PositiveInt,
        head_dim: PositiveInt,
        pattern: Pattern = "causal",
        num_key_value_heads: PositiveInt | None = None,
        dropout: Probability = 0.0,
        use_bias: bool = True,
        initializer_range: PositiveFloat = 0.02,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads, self.head_dim = num_heads, head_dim
        self.num_key_value_heads = num_key_value_heads or num_heads
        self.pattern = make(Pattern, pattern)
        self.dropout, self.use_bias, self.initializer_range = dropout, use_bias, initializer_range
        self.seen = self.pattern
        if num_heads % self.num_key_value_heads:
            few = f"num_key_value_heads {self.num_key_value_heads}"
            raise ValueError(f"num_heads {num_heads} must be a multiple of {few}.")
        self.check_kernel()
        if not attends(self.position):
            raise ZooError(
                f"position {type(self.position).__name__.lower()} belongs at the embedding: "
                "write it as model.position, not inside attention."
            )

    def call(
        self, x: Any, padding_mask: Any = None, state: Any = (), marks: dict[str, Any] | None = None
    ) -> tuple[Any, Any]:
        """x `b t d`, padding_mask bool `b t` -> `b t d` and the next state.

        `()` as state remembers nothing and returns `()`. Padding stands behind the tokens. `marks`
        tell what the pattern asks of each token: int `b t` `segment_ids`, bool `b t` `global_mask`.
        Raises ValueError for marks that are missing, or told where there is a state: they are not
        remembered.
        """
        raise NotImplementedError

    def compute_output_spec(self, x: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        return self.same_shape(x), ()

    def initial_state(self, batch_size: Any, num_slots: int) -> Any:
        """The state that remembers nothing yet, with room for `num_slots` tokens where the kind
        does not set its own; `()` when there is no room."""
        raise NotImplementedError

    def build(self, x_shape):
        size, d = self.head_dim, x_shape[-1]
        self.query = self._dense("bqd,dhe->bqhe", x_shape, (self.num_heads, size), "he", "query")
        few = (self.num_key_value_heads, size)
        self.key = self._dense("bkd,dge->bkge", x_shape, few, "ge", "key")
        self.value = self._dense("bkd,dge->bkge", x_shape, few, "ge", "value")
        heads = (None, None, self.num_heads, size)
        self.attention_output = self._dense("bqhe,hed->bqd", heads, (d,), "d", "attention_output")
        self.seeds = self.child(Seeds, self.dropout, name="seeds")
        self.build_norms(heads, heads)
        self.position.prepare(self.num_heads, size)
        self.built = True

    def _dense(self, equation, shape, output, bias, name):
        initializer = keras.initializers.RandomNormal(self.initializer_range)
        dense = self.child(
            keras.layers.EinsumDense,
            equation,
            output_shape=(None, *output),
            bias_axes=bias if self.use_bias else None,
            kernel_initializer=initializer,
            name=name,
        )
        dense.build(shape)
        return dense

    def ask(self, x: Any, positions: Any) -> Any:
        """x `b q d` at positions `b q` or `1 q` -> queries `b q h e`."""
        return self.place_query(self.query(x), positions)

    def offer(self, x: Any, positions: Any) -> tuple[Any, Any]:
        """x `b k d` at positions `b k` or `1 k` -> keys and values `b k g e`."""
        return self.place_key(self.key(x), positions), self.value(x)

    def attend(
        self, query: Any, key: Any, value: Any, places: Places, kernel: Kernel | None = None
    ) -> Any:
        """query `b q h e`, key and value `b k g e` -> `b q d`."""
        pattern = self.seen.sized(key.shape[1]) if places.shift is None else self.seen
        rules = self.rules(query, places, pattern, self.drop())
        return self.attention_output(self.compute(query, key, value, rules, kernel))

    def drop(self) -> Drop | None:
        """The dropout of this call; None when nothing is dropped."""
        seed = self.seeds()
        return None if seed is None else Drop(self.dropout, seed)

    def places(self, x: Any, num_slots: int, state: Any, padding_mask: Any, marks: Any) -> Places:
        """The places of x, `b t d`, behind `num_slots` remembered ones."""
        wanted = {name: (marks or {}).get(name) for name in self.pattern.marks}
        if missing := [name for name, mark in wanted.items() if mark is None]:
            raise ValueError(f"the pattern asks for marks {', '.join(missing)} of each token.")
        if wanted and state:
            raise ValueError(f"marks ({', '.join(wanted)}) are not remembered; give no state.")
        told = {name: (ops.convert_to_tensor(mark),) * 2 for name, mark in wanted.items()}
        everywhere = span(num_slots + ops.shape(x)[1])
        shift = state.length - num_slots if state else None
        if padding_mask is not None and state:
            remembered = ops.ones((ops.shape(padding_mask)[0], num_slots), "bool")
            padding_mask = ops.concatenate([remembered, padding_mask], axis=1)
        query = everywhere[num_slots:]
        return Places(query, everywhere, shift, padding_mask, told)


def advance(length: Any, x: Any, padding_mask: Any) -> Any:
    """int32 `b` tokens seen -> tokens seen after those of x, `b t d`, padding not counted."""
    return length + (ops.shape(x)[1] if padding_mask is None else count(padding_mask))
