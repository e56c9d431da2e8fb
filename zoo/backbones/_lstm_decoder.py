"""What a translation is written with (Wu et al. 2016, section 3): the lowest layer looks at the
source after every token; what it saw goes into its next step and into every layer above."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.attention.scorers import Scorer, look
from zoo.blocks._lstm import Lstm
from zoo.blocks.recurrent import Recalled
from zoo.core.layer import LayerKind
from zoo.core.loops import scan
from zoo.core.window import count


class Source(NamedTuple):
    """A source of k tokens, as it is looked at."""

    key: Any
    """`b k u`, what queries are compared with."""
    value: Any
    """`b k e`, the states themselves."""
    mask: Any
    """bool `b k`, True for tokens."""


class Seen(NamedTuple):
    """What the lowest layer remembers of looking."""

    last: Any
    """`b e`, what it saw behind the last token."""
    source: Source


class Looking(LayerKind):
    """A layer of long short-term memory whose input is joined by what it saw one token before."""

    def __init__(self, units: int, scorer: Scorer, dropout: float, spread: float, **kwargs):
        super().__init__(**kwargs)
        uniform = keras.initializers.RandomUniform
        self.cell = self.child(
            keras.layers.LSTMCell,
            units,
            kernel_initializer=uniform(-spread, spread),
            recurrent_initializer=uniform(-spread, spread),
            name="cell",
        )
        self.scorer = scorer
        self.drop = self.child(keras.layers.Dropout, dropout, name="drop")

    def build(self, x_shape, source_shape):
        self.source_dim = source_shape[-1]
        self.cell.build((x_shape[0], x_shape[-1] + self.source_dim))
        self.scorer.build((x_shape[0], self.cell.units), source_shape)
        self.built = True

    def call(self, x: Any, source: Source, tokens: Any, start: tuple) -> tuple[Any, Any, tuple]:
        """x `b t d`, of which bool `b t` are tokens, behind an output and a cell `b d` and what was
        seen, `b e` -> outputs `b t d`, what they saw `b t e`, and the three at the end.

        Padding changes none of them.
        """
        batch, length = ops.shape(x)[:2]
        kept = self.drop(ops.ones((batch, length, self.source_dim), self.compute_dtype))

        def step(before, line):
            x, kept, token = line
            hidden, cell, seen = before
            _, (hidden, cell) = self.cell(ops.concatenate([x, seen * kept], -1), [hidden, cell])
            after = hidden, cell, look(self.scorer(hidden, source.key), source.value, source.mask)
            after = tuple(ops.where(token[:, None], *pair) for pair in zip(after, before))
            return after, (after[0], after[2])

        lines = [ops.moveaxis(each, 1, 0) for each in (self.drop(x), kept, tokens)]
        end, (hidden, seen) = scan(step, start, tuple(lines), length)
        return ops.moveaxis(hidden, 0, 1), ops.moveaxis(seen, 0, 1), end


class LstmDecoder(LayerKind):
    """The last `num_residual_layers` add to what the layer below gave."""

    def __init__(
        self,
        num_layers: int,
        hidden_dim: int,
        scorer: Scorer,
        num_residual_layers: int,
        dropout: float,
        initializer_range: float,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hidden_dim, self.first_residual = hidden_dim, num_layers - num_residual_layers
        spread = {"spread": initializer_range}
        self.looking = self.child(Looking, hidden_dim, scorer, dropout, name="layer_0", **spread)
        self.upper = [
            self.child(Lstm, hidden_dim, forget_bias=True, name=f"layer_{number}", **spread)
            for number in range(1, num_layers)
        ]
        self.drop = self.child(keras.layers.Dropout, dropout, name="drop")

    def build(self, x_shape, source_shape):
        self.looking.build(x_shape, source_shape)
        for layer in self.upper:
            layer.build((*x_shape[:-1], self.hidden_dim + source_shape[-1]))
        self.built = True

    def compute_output_spec(self, x, *_, **__):
        return keras.KerasTensor((*x.shape[:-1], self.hidden_dim), self.compute_dtype), ()

    def call(
        self,
        x: Any,
        padding_mask: Any = None,
        source: Any = None,
        source_mask: Any = None,
        held: Any = None,
        state: Any = (),
    ) -> tuple[Any, Any]:
        """x `b t d`, padding_mask bool `b t` -> `b t d` and the next state; `()` for one of `()`.

        Told of a source `b k e`, of its tokens, bool `b k`, and of what its reader's layers held
        at the end, `b d` each, writing begins; without them it goes on behind the state.
        """
        behind = state if source is None else self.begin(source, source_mask, held)
        tokens = ops.ones(ops.shape(x)[:2], "bool") if padding_mask is None else padding_mask
        length, (last, source) = behind[0].length + count(tokens), behind[0].attended
        x, seen, (*kept, last) = self.looking(x, source, tokens, (*behind[0][:2], last))
        after = [Recalled(*kept, Seen(last, source), length)]
        for number, (layer, before) in enumerate(zip(self.upper, behind[1:]), start=1):
            joined = self.drop(ops.concatenate([x, seen], axis=-1))
            out, *kept = layer(joined, initial_state=list(before[:2]), mask=padding_mask)
            x = out + x if number >= self.first_residual else out
            after.append(Recalled(*kept, (), length))
        return x, tuple(after) if state else ()

    def begin(self, source: Any, mask: Any, held: Any) -> tuple[Recalled, ...]:
        """The state before the first token."""
        mask = ops.ones(ops.shape(source)[:2], "bool") if mask is None else mask
        looked = Source(self.looking.scorer.offer(source), source, mask)
        nothing, length = ops.zeros_like(source[:, 0]), ops.zeros_like(mask[:, 0], "int32")
        first, *rest = held
        lowest = Recalled(*first, Seen(nothing, looked), length)
        return lowest, *(Recalled(*each, (), length) for each in rest)

    def initial_state(self, batch_size: Any) -> tuple[Recalled, ...]:
        """The state of a decoder that was told of no source yet."""
        width, units = self.looking.source_dim, self.hidden_dim

        def empty(*shape):
            return ops.zeros((batch_size, *shape), self.compute_dtype)

        source = Source(empty(0, units), empty(0, width), ops.zeros((batch_size, 0), "bool"))
        length = ops.zeros((batch_size,), "int32")
        lowest = Recalled(empty(units), empty(units), Seen(empty(width), source), length)
        return lowest, *(Recalled(empty(units), empty(units), (), length) for _ in self.upper)
