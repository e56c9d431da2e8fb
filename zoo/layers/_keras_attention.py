"""The call of `keras.layers.MultiHeadAttention`, computed by the zoo's kernels."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.attention._scored import Scored
from zoo.attention.kernels import heads_first
from zoo.attention.kernels._dropout import Drop
from zoo.attention.kernels.dense import Dense
from zoo.attention.patterns import Pattern
from zoo.attention.patterns.causal import Causal
from zoo.attention.patterns.local import Local
from zoo.core.places import Places, span
from zoo.layers._masks import keys_seen, marks_of, split
from zoo.layers._projected import Projected
from zoo.positions import attends


class Sizes(NamedTuple):
    num_heads: int
    num_key_value_heads: int
    key_dim: int
    value_dim: int


class KerasAttention(Scored, Projected):
    """The contract of layers that are called like Keras's. Weights have its shapes and its order;
    sublayers the attributes under which it saves them, so that its weight files can be loaded.

    Subclasses set `pattern` and answer `sizes`. `position`, `kernel` (None: the fastest),
    `soft_cap`, `off_by_one` and `query_key_norm` are those of `zoo.attention`. Queries and keys
    both stand at places from 0 on.

    Masks of keys (`value_mask`, `key_mask`, an `attention_mask` that is the same for all queries)
    and `use_causal_mask` keep every kernel as fast as it is. Any other `attention_mask`, and
    `return_attention_scores`, need the whole table of scores: the kernel is then `dense`. A query
    that may see nothing gives zeros (Keras: a mixture of all values); `query_mask` changes no
    answer, it goes on to the next layer. `global_mask` and `document_ids`, `b t` or a pair of `b q`
    and `b k`, are for patterns that ask for them.
    """

    pattern: Pattern
    sliding_window: int | None = None
    """As in Keras: only keys nearer than this, either way."""
    self_attention: bool = False
    """Whether there must be as many queries as keys."""
    _output_shape: tuple[int, ...] | None = None

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.check_kernel()
        if not attends(self.position):
            name = type(self.position).__name__.lower()
            raise ValueError(f"position {name} belongs at the embedding, not inside attention.")

    def sizes(self) -> Sizes:
        raise NotImplementedError

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        self._check(query_shape, value_shape, key_shape)
        num_heads, few, size, value_size = self.sizes()
        query, value = (None, None, num_heads, size), (None, None, num_heads, value_size)
        self._query_dense = self.project("bqd,dhe->bqhe", query_shape, query[2:], "he", "query")
        self._key_dense = self.project("bkd,dge->bkge", key_shape, (few, size), "ge", "key")
        shape = few, value_size
        self._value_dense = self.project("bkd,dge->bkge", value_shape, shape, "ge", "value")
        output = self._output_shape or (query_shape[-1],)
        axes = "uvwxyz"[: len(output)]
        equation = f"bqhe,he{axes}->bq{axes}"
        self._output_dense = self.project(equation, value, output, axes, "attention_output")
        # Its seed is used, not its call: every kernel has to drop the same pairs.
        self._dropout_layer = self.child(
            keras.layers.Dropout, self.dropout, seed=self.seed, name="dropout"
        )
        self.build_norms(query, (None, None, few, size))
        self.position.prepare(num_heads, size, query_shape[-1])
        self.built = True

    def _check(self, query_shape, value_shape, key_shape):
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3:
                raise ValueError(f"{name} must be `b t d`; found the shape {tuple(shape)}.")
        lengths = query_shape[1], value_shape[1], key_shape[1]
        if lengths[1] != lengths[2]:
            raise ValueError(f"found {lengths[2]} keys and {lengths[1]} values, expected as many.")
        if self.self_attention and lengths[0] != lengths[2]:
            raise ValueError(
                f"{type(self).__name__} is for self-attention: found {lengths[0]} queries and "
                f"{lengths[2]} keys, expected as many."
            )
        if self.position.answers and self.sizes().key_dim != self.sizes().value_dim:
            raise ValueError("a position that adds to values needs value_dim to be key_dim.")

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
        global_mask: Any = None,
        document_ids: Any = None,
    ) -> Any:
        """query `b q d`, value and key `b k d` -> `b q d`, and scores `b h q k` when asked for."""
        key = value if key is None else key
        shared, pairs = split(attention_mask)
        tokens = keys_seen(key, value_mask, key_mask, shared)
        told = {"global_mask": global_mask, "document_ids": document_ids}
        marks = marks_of(self.pattern, query, key, **told)
        places = places_of(query, key, tokens, marks)
        query, key, value = (ops.copy(x) for x in (query, key, value))  # without Keras's masks
        asking, asked = places.query_positions(), places.key_positions()
        query = self._query_dense(self.position.add(query, asking))
        key = self._key_dense(self.position.add(key, asked))
        query, key = self.place_query(query, asking), self.place_key(key, asked)
        pattern = self._seen(use_causal_mask).sized(key.shape[1])
        rules = self.rules(query, places, pattern, self._drop(training), pairs)
        kernel = Dense() if return_attention_scores or pairs is not None else None
        heads = self.compute(query, key, self._value_dense(value), rules, kernel)
        heads = self._output_dense(heads)
        return (heads, self._scores(query, key, rules)) if return_attention_scores else heads

    def _seen(self, use_causal_mask):
        pattern = self.pattern
        if self.sliding_window:
            pattern = pattern & Local(self.sliding_window - 1, self.sliding_window - 1)
        return pattern & Causal() if use_causal_mask and not pattern.causal else pattern

    def _drop(self, training):
        if not (self.dropout and training):
            return None
        return Drop(self.dropout, self._dropout_layer.seed_generator.next())

    def _scores(self, query, key, rules):
        """The weights of all pairs, `b h q k`, before dropout."""
        query, key = heads_first(query), heads_first(key)
        weights, log_sum = Dense().weights(query * query.shape[-1] ** -0.5, key, rules)
        return ops.cast(rules.softmax.finish(weights, log_sum), self.compute_dtype)

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        self._check(query_shape, value_shape, value_shape if key_shape is None else key_shape)
        return (*query_shape[:-1], *(self._output_shape or query_shape[-1:]))

    def compute_output_spec(self, query, value, key=None, *_, return_attention_scores=False, **__):
        key = value if key is None else key
        shape = self.compute_output_shape(query.shape, value.shape, key.shape)
        heads = keras.KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return heads
        scores = query.shape[0], self.sizes().num_heads, query.shape[1], key.shape[1]
        return heads, keras.KerasTensor(scores, self.compute_dtype)


def places_of(query: Any, key: Any, key_mask: Any, marks: dict) -> Places:
    """Queries `b q d` and keys `b k d`, each from place 0 on."""
    aligned = query.shape[1] is not None and query.shape[1] == key.shape[1]
    queries, keys = span(ops.shape(query)[1]), span(ops.shape(key)[1])
    return Places(queries, keys, None, key_mask, marks, aligned)
