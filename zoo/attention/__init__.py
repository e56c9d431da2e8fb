"""Attention layers: project, place, attend, project back."""

import math
from functools import partial
from typing import Any

import keras
from keras import ops

from zoo.attention._parts import Seeds
from zoo.attention._scored import ALL, Scored
from zoo.attention.kernels import Kernel
from zoo.attention.kernels._dropout import Drop
from zoo.attention.patterns import Pattern
from zoo.core.errors import ZooError
from zoo.core.initial import normal
from zoo.core.kinds import make
from zoo.core.places import Places, span
from zoo.core.recompute import in_turn
from zoo.core.types import Given, PositiveFloat, PositiveInt, Probability
from zoo.core.window import count
from zoo.positions import attends


class Attention(Scored):
    """The contract of every attention, and the projections they share.

    `num_key_value_heads` defaults to `num_heads`; `kernel` to the fastest that computes what is
    asked; `output_bias`, whether the projection back has a bias, to `use_bias`; `output_dim`, which
    blocks that change how deep a picture is tell it, to the features of its input. Only
    `num_parallel_heads` of the key-value heads, with their queries, are in memory at once: the
    others wait their turn, and all are computed again in the backward pass; with a state, where
    texts are short, all are. Subclasses say what the keys are and what is remembered.
    Raises ValueError when the heads do not divide, ZooError for a position that belongs elsewhere.
    """

    shelf = "attention"
    memory_length: int | None = None
    """How many tokens are remembered from segment to segment; None when nothing is."""
    grid: tuple[int, int] | None = None
    """The rows and columns of the picture that it looks at; None where it is told of none."""

    @property
    def marks(self) -> tuple[str, ...]:
        """What its pattern and its position ask to be told of each token."""
        return tuple(dict.fromkeys((*self.pattern.marks, *self.position.marks)))

    @property
    def key_grid(self) -> tuple[int, int] | None:
        """The rows and columns that keys stand in, behind the tokens that are no places."""
        return self.grid

    @property
    def horizon(self) -> int | None:
        """Up to how many tokens a text gives the same whole and in parts behind a state; None when
        there is no end."""
        return self.memory_length

    def __init__(
        self,
        num_heads: PositiveInt,
        head_dim: PositiveInt,
        pattern: Pattern = "causal",
        num_key_value_heads: PositiveInt | None = None,
        num_parallel_heads: PositiveInt | None = None,
        dropout: Probability = 0.0,
        use_bias: bool = True,
        output_bias: bool | None = None,
        initializer_range: PositiveFloat | None = None,
        output_dim: Given[PositiveInt] = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads, self.head_dim, self.output_dim = num_heads, head_dim, output_dim
        self.num_key_value_heads = num_key_value_heads or num_heads
        self.num_parallel_heads = num_parallel_heads
        self.pattern = make(Pattern, pattern)
        self.dropout, self.use_bias, self.initializer_range = dropout, use_bias, initializer_range
        self.output_bias = use_bias if output_bias is None else output_bias
        self.seen = self.pattern
        if num_heads % self.num_key_value_heads:
            few = f"num_key_value_heads {self.num_key_value_heads}"
            raise ValueError(f"num_heads {num_heads} must be a multiple of {few}.")
        if num_parallel_heads and self.num_key_value_heads % num_parallel_heads:
            whole = f"num_parallel_heads {num_parallel_heads} must divide num_key_value_heads"
            raise ValueError(f"{whole} {self.num_key_value_heads}.")
        self.check_kernel()
        if not attends(self.position):
            raise ZooError(
                f"position {type(self.position).__name__.lower()} belongs at the embedding: "
                "write it as model.position, not inside attention."
            )

    def call(
        self,
        x: Any,
        padding_mask: Any = None,
        state: Any = (),
        marks: dict[str, Any] | None = None,
        training: Any = None,
    ) -> tuple[Any, Any]:
        """x `b t d`, padding_mask bool `b t` -> `b t d` and the next state.

        `()` as state remembers nothing and returns `()`. Padding stands behind the tokens. `marks`
        tell what the pattern and the position ask of each token: `document_ids` int `b t`,
        `global_mask` bool `b t`, `token_ids` int `b t`. Raises ValueError for marks that are
        missing, or told where there is a state that does not remember them.
        """
        if state:
            return self.remember(x, padding_mask, state, marks)
        few, groups = self.num_parallel_heads, self.num_key_value_heads
        if few is None or few == groups:
            return self.attend_within(x, padding_mask, marks), ()
        parts = [slice(first, first + few) for first in range(0, groups, few)]
        attend = [partial(self.attend_within, groups=part) for part in parts]
        return self._with_bias(in_turn(attend, [self], training)(x, padding_mask, marks)), ()

    def attend_within(
        self, x: Any, padding_mask: Any = None, marks: Any = None, groups: slice = ALL
    ) -> Any:
        """What x, `b t d`, gives without a state: `b t d`. Of some key-value heads and their
        queries it is their part, to which the output's bias is to be added."""
        places = self.places(x, 0, (), padding_mask, marks)
        query = self.ask(x, places.query_positions(), groups, padding_mask)
        key, value = self.offer(x, places.key_positions(), groups, padding_mask)
        return self.attend(query, key, value, places, self.own_kernel(), groups)

    def remember(self, x: Any, padding_mask: Any, state: Any, marks: Any) -> tuple[Any, Any]:
        """`call` behind a state."""
        raise NotImplementedError

    def own_kernel(self, *windows: Any) -> Kernel | None:
        """The kernel of a kind that needs its own; `windows` is what its state keeps besides keys
        and values, the present included."""
        return None

    def stand_in(self, layer: int) -> None:
        """Be told which layer of a model this is, counted from 0."""
        self.pattern, self.seen = self.pattern.in_layer(layer), self.seen.in_layer(layer)

    def tie(self, first: "Attention") -> None:
        """Share with an attention earlier in the model what its position says is shared."""
        if type(self.position) is type(first.position):
            self.position.tie(first.position)

    def stand_on(self, height: int, width: int, num_tokens: int = 0) -> None:
        """Be told how large the picture is that it looks at, and how many tokens stand before its
        places: behind them no position knows a grid. Raises ZooError for a pattern of a picture of
        another width."""
        self.grid = (height, width)
        if num_tokens:
            return
        wide = getattr(self.pattern, "width", width)
        if wide != width:
            raise ZooError(f"found {wide}, the picture is {width} places wide here.", "width")
        self.position.stand_on(height, width)

    def compute_output_spec(self, x: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        shape = (*x.shape[:-1], self.output_dim or x.shape[-1])
        return keras.KerasTensor(shape, self.compute_dtype), ()

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
        self.attention_output = self.back(heads, self.output_dim or d)
        self.seeds = self.child(Seeds, self.dropout, name="seeds")
        self.build_norms(heads, heads)
        self.position.prepare(self.num_heads, size, d)
        self.built = True

    def back(self, heads, d):
        back = "bqhe,hed->bqd", heads, (d,), "d", "attention_output"
        return self._dense(*back, use_bias=self.output_bias)

    def _dense(self, equation, shape, output, bias, name, use_bias=None):
        use_bias = self.use_bias if use_bias is None else use_bias
        dense = self.child(
            keras.layers.EinsumDense,
            equation,
            output_shape=(None, *output),
            bias_axes=bias if use_bias else None,
            kernel_initializer=normal(self.initializer_range, math.prod(shape[2:])),
            name=name,
        )
        dense.build(shape)
        return dense

    def ask(self, x: Any, positions: Any, groups: slice = ALL, mask: Any = None) -> Any:
        """x `b q d` at positions `b q` or `1 q` -> queries `b q h e`, of some key-value heads. mask
        bool `b q`: which are there, where not all are."""
        heads, placed = self.heads_of(groups), self.position.add(x, positions, mask)
        return self.place_query(project(self.query, placed, heads), positions, heads)

    def offer(
        self, x: Any, positions: Any, groups: slice = ALL, mask: Any = None
    ) -> tuple[Any, Any]:
        """x `b k d` at positions `b k` or `1 k` -> keys and values `b k g e`, some of them."""
        key = project(self.key, self.offered_position.add(x, positions, mask), groups)
        return self.place_key(key, positions), project(self.value, x, groups)

    def attend(
        self,
        query: Any,
        key: Any,
        value: Any,
        places: Places,
        kernel: Kernel | None = None,
        groups: slice = ALL,
    ) -> Any:
        """query `b q h e`, key and value `b k g e` -> `b q d`: of all heads, or some of them."""
        pattern = self.seen.sized(key.shape[1]) if places.shift is None else self.seen
        heads = self.heads_of(groups)
        rules = self.rules(query, places, pattern, self.drop(), first_head=heads.start or 0)
        return self.project_back(self.compute(query, key, value, rules, kernel), heads)

    def heads_of(self, groups: slice) -> slice:
        """The query heads of some key-value heads."""
        each = self.num_heads // self.num_key_value_heads
        return ALL if groups == ALL else slice(groups.start * each, groups.stop * each)

    def project_back(self, heads: Any, some: slice = ALL) -> Any:
        """Heads `b q h e` -> `b q d`; of some heads their part, without the bias."""
        output = self.attention_output
        if some == ALL:
            return output(heads)
        return ops.einsum(output.equation, heads, ops.cast(output.kernel[some], heads.dtype))

    def _with_bias(self, x):
        bias = self.attention_output.bias
        return x if bias is None else x + ops.cast(bias, x.dtype)

    def drop(self) -> Drop | None:
        """The dropout of this call; None when nothing is dropped."""
        seed = self.seeds()
        return None if seed is None else Drop(self.dropout, seed)

    def places(self, x: Any, num_slots: int, state: Any, padding_mask: Any, marks: Any) -> Places:
        """The places of x, `b t d`, behind `num_slots` remembered ones."""
        wanted = {name: (marks or {}).get(name) for name in self.marks}
        if missing := [name for name, mark in wanted.items() if mark is None]:
            raise ValueError(f"attention asks for marks {', '.join(missing)} of each token.")
        if state and (lost := [name for name in wanted if not hasattr(state, name)]):
            raise ValueError(f"marks ({', '.join(lost)}) are not remembered; give no state.")
        told = {name: (ops.convert_to_tensor(mark),) * 2 for name, mark in wanted.items()}
        everywhere = span(num_slots + ops.shape(x)[1])
        shift = state.length - num_slots if state else None
        if padding_mask is not None and state:
            remembered = ops.ones((ops.shape(padding_mask)[0], num_slots), "bool")
            padding_mask = ops.concatenate([remembered, padding_mask], axis=1)
        query = everywhere[num_slots:]
        return Places(query, everywhere, shift, padding_mask, told)


def project(dense: keras.layers.EinsumDense, x: Any, heads: slice = ALL) -> Any:
    """What a projection of x, `b t d`, to heads gives of some of them, `b t h e`."""
    if heads == ALL:
        return dense(x)
    x = ops.cast(x, dense.compute_dtype)
    found = ops.einsum(dense.equation, x, ops.cast(dense.kernel[:, heads], x.dtype))
    return found if dense.bias is None else found + ops.cast(dense.bias[heads], x.dtype)


def advance(length: Any, x: Any, padding_mask: Any) -> Any:
    """int32 `b` tokens seen -> tokens seen after those of x, `b t d`, padding not counted."""
    return length + (ops.shape(x)[1] if padding_mask is None else count(padding_mask))
