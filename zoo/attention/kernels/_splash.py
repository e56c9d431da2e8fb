"""Splash attention, JAX's own kernel for TPUs: by tiles that a pattern leaves something of.

It is called here and not through Keras, whose way to it drops the scale and what is added to
scores, and takes the mask of the first text for all.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.attention.kernels import Rules, heads_first

LANES = 128
"""Of what numbers of queries and keys it takes a multiple."""


def allows(query: Any, key: Any, rules: Rules) -> bool:
    """Whether it computes the same of query `b q h e` and key `b k g e`. Not where a pattern is
    known only when the graph runs, and not across devices, among which XLA cannot share a kernel
    that is not its own."""
    sizes = query.shape[1], key.shape[1]
    if rules.mask is not None or not all(size and not size % LANES for size in sizes):
        return False
    return table(query, rules) is not None and keras.distribution.distribution() is None


def table(query: Any, rules: Rules) -> np.ndarray | None:
    """Which keys the pattern shows to each query of each head, bool `h q k`, where that is known
    when the graph is made, and the same for all texts."""
    tile = rules.table(query.shape[2])
    seen = None if rules.pattern.marks or not rules.places.known() else rules.seen(tile)
    if not isinstance(seen, np.ndarray):
        return None
    whole = (query.shape[2], len(rules.places.query), len(rules.places.key))
    return np.broadcast_to(seen.reshape(seen.shape[-3:]), whole)


def splash(query: Any, key: Any, value: Any, rules: Rules, interpret: bool = False) -> Any:
    """query `b q h e`, key and value `b k g e` -> `b q h e`; of a query that sees nothing, any
    numbers. `interpret` computes it without a TPU, slowly."""
    import jax  # pyright: ignore[reportMissingImports]
    from jax.experimental.pallas.ops.tpu import splash_attention  # pyright: ignore

    batch, queries, num_heads, size = query.shape
    group = num_heads // key.shape[2]
    key, value = (ops.repeat(heads_first(x), group, axis=1) for x in (key, value))
    heads = [splash_attention.NumpyMask(head) for head in table(query, rules)]
    attend = splash_attention.make_splash_mha(
        splash_attention.MultiHeadMask(heads), head_shards=1, q_seq_shards=1, interpret=interpret
    )
    tokens = rules.places.tokens()
    of_keys = ops.ones((batch, key.shape[2]), "int32") if tokens is None else tokens
    texts = splash_attention.SegmentIds(
        q=ops.ones((batch, queries), "int32"),
        kv=ops.broadcast_to(ops.cast(of_keys, "int32"), (batch, key.shape[2])),
    )
    return heads_first(jax.vmap(attend)(heads_first(query * size**-0.5), key, value, texts))
