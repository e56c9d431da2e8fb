"""Promises every pattern, position, kernel and attention keeps, swept over all of them."""

import keras
import numpy as np
import pytest
from examples import (
    ATTENTION,
    COMBINED,
    INSIDE,
    KERNELS,
    PATTERNS,
    POSITIONS,
    SHELVES,
    UNMARKED,
    combines,
    missing,
)
from examples import (
    attention_layer as build,
)
from keras import ops, saving

from zoo.attention.kernels import Kernel, Rules
from zoo.attention.patterns import Pattern
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.positions._skew import skew

LENGTH = 9


def allowed_by_any_head(pattern):
    made, place = make(Pattern, PATTERNS[pattern]).sized(LENGTH), np.arange(LENGTH)
    return np.any([made.allowed(place[:, None], place[None], head) for head in range(4)], axis=0)


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, LENGTH, 16)).astype("float32")


@pytest.mark.parametrize("shelf", SHELVES)
def test_every_kind_has_an_example(shelf):
    assert not missing()[shelf]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("pattern", UNMARKED)
def test_a_query_sees_exactly_what_its_pattern_allows(pattern, kernel, x):
    layer = build(pattern=PATTERNS[pattern], kernel=KERNELS[kernel], initializer_range=0.1)
    place, allowed = np.arange(LENGTH), allowed_by_any_head(pattern)
    before = np.array(layer(x)[0])
    for seen in place:
        poked = x.copy()
        poked[:, seen] += 1
        moved = np.abs(np.array(layer(poked)[0]) - before)[0].max(-1) > 1e-6
        others = place != seen  # the poked place asks a new question, so it always moves
        assert (moved == allowed[:, seen])[others].all()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_knows_whether_it_is_causal(pattern):
    ahead = np.triu(np.ones((LENGTH, LENGTH), bool), 1)
    assert make(Pattern, PATTERNS[pattern]).causal == (
        not (allowed_by_any_head(pattern) & ahead).any()
    )


@pytest.mark.parametrize(
    ("pattern", "position"),
    [*((pattern, "t5_buckets") for pattern in UNMARKED), *(("local", p) for p in INSIDE)],
)
@pytest.mark.parametrize("kernel", ["chunked", "fused"])
def test_every_kernel_answers_like_dense(kernel, pattern, position, x):
    """As does `block_sparse`, which tests/test_kernels.py sweeps over all pairs of the two."""
    options = {"pattern": PATTERNS[pattern], "position": POSITIONS[position]}
    slow = build(kernel="dense", **options)
    if refused := make(Kernel, KERNELS[kernel]).refuses(slow):
        with pytest.raises(ZooError, match=f"kernel {kernel} {refused}"):
            build(kernel=KERNELS[kernel], **options)
        return
    fast = build(kernel=KERNELS[kernel], **options)
    fast.set_weights(slow.get_weights())
    mask = np.arange(LENGTH)[None] < np.array([[LENGTH], [LENGTH - 3]])
    np.testing.assert_allclose(fast(x)[0], slow(x)[0], atol=1e-5)
    np.testing.assert_allclose(fast(x, mask)[0], slow(x, mask)[0], atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "kind", "position"),
    [
        (kernel, *combined)
        for kernel in ("dense", "block_sparse", None)
        for combined in COMBINED
        if (combined[0] == "block_routed") == (kernel is None)  # its kernel is its own
    ],
)
@pytest.mark.parametrize("segment", [1, 5])
def test_segment_by_segment_equals_all_at_once(segment, kernel, kind, position, x):
    own = {"kernel": KERNELS[kernel]} if kernel else {}
    layer = build(kind, position=POSITIONS[position], **own)
    whole, _ = layer(x)
    state, parts = layer.initial_state(2, 12), []
    for first in range(0, LENGTH, segment):
        part, state = layer(x[:, first : first + segment], state=state)
        parts.append(part)
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, atol=1e-5)
    assert (np.array(state.length) == LENGTH).all()


@pytest.mark.parametrize("kind", ATTENTION)
def test_padding_behind_the_tokens_leaves_no_trace(kind, x):
    layer = build(kind, position=POSITIONS["rotary"])
    counts, first = np.array([5, 3]), 5
    mask = np.arange(first)[None] < counts[:, None]
    _, state = layer(x[:, :first], mask, layer.initial_state(2, 12))
    going_on, _ = layer(x[:, first:], state=state)
    for row, count in enumerate(counts):
        joined = np.concatenate([x[row, :count], x[row, first:]])[None]
        alone, _ = layer(joined)
        np.testing.assert_allclose(going_on[row], alone[0, count:], atol=1e-5)


def test_no_gradient_flows_into_the_memory(x):
    layer = build("segment_recurrent", position=POSITIONS["relative_xl"])
    import tensorflow as tf

    first, second = tf.constant(x[:, :4]), tf.constant(x[:, 4:])
    with tf.GradientTape() as tape:
        tape.watch([first, second])
        _, state = layer(first, state=layer.initial_state(2, 0))
        after, _ = layer(second, state=state)
        total = tf.reduce_sum(after**2)
    into_first, into_second = tape.gradient(total, [first, second])
    assert into_first is None or not np.any(into_first)
    assert np.any(into_second)


@pytest.mark.parametrize("memory_length", [0, 2, 4, 7])
def test_memory_reaches_as_far_as_it_is_long(memory_length, x):
    layer = build("segment_recurrent", memory_length=memory_length, same_length=True)
    segment = 4

    def last_of(text):
        state = layer.initial_state(2, 0)
        for first in range(0, 8, segment):
            out, state = layer(text[:, first : first + segment], state=state)
        return np.array(out[:, -1])

    before = last_of(x)
    for place in range(7):
        poked = x.copy()
        poked[:, place] += 1
        moved = np.abs(last_of(poked) - before).max() > 1e-6
        assert moved == (7 - place <= memory_length)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_query_that_may_see_nothing_gives_zeros(kernel, x):
    alone = {"kind": "local", "back": 0}
    layer = build(pattern=alone, kernel=KERNELS[kernel], use_bias=False)
    mask = np.ones((2, LENGTH), bool)
    mask[:, 4] = False
    out = np.array(layer(x, mask)[0])
    assert not out[:, 4].any()
    assert np.isfinite(out).all()


@pytest.mark.parametrize("few", [1, 2])
def test_grouped_heads_equal_repeated_heads(few, x):
    grouped, full = build(num_key_value_heads=few), build()
    weights = grouped.get_weights()
    full.set_weights(
        [np.repeat(w, 4 // few, axis=w.ndim - 2) if few in w.shape[-2:-1] else w for w in weights]
    )
    np.testing.assert_allclose(full(x)[0], grouped(x)[0], atol=1e-5)


def test_heads_that_do_not_divide_are_refused():
    with pytest.raises(ZooError, match="num_heads 4 must be a multiple of num_key_value_heads 3"):
        build(num_key_value_heads=3)


def test_skew_is_the_relative_shift():
    """families.md, section 15: three queries, five keys, two of them remembered."""
    shifted = np.array(skew(ops.reshape(ops.arange(15), (1, 1, 3, 5)), 5))[0, 0]
    seen = np.arange(5)[None] <= np.arange(3)[:, None] + 2
    wanted = np.array([[2, 3, 4, 0, 0], [6, 7, 8, 9, 0], [10, 11, 12, 13, 14]])
    assert (shifted[seen] == wanted[seen]).all()


def test_relative_scores_equal_a_table_of_all_distances(x):
    """The skewed form against the naive one, for all pairs: also keys ahead of the query."""
    layer = build(pattern="full", position=POSITIONS["relative_xl"], kernel="dense")
    position = layer.position
    query = layer.query(x)
    places = layer.places(ops.convert_to_tensor(x), 0, (), None, None)
    asked = ops.transpose(position.bias_query(query), (0, 2, 1, 3)) * 6**-0.5
    tile = Rules(places, layer.pattern, position).table(4)
    found = position.score(asked, position.tables(places, "float32"), tile)
    u, v = (np.array(bias) for bias in position.biases.values("float32"))
    gaps = np.arange(LENGTH)[:, None] - np.arange(LENGTH)[None]
    frequencies = 10_000 ** (-np.arange(0, 16, 2) / 16)
    angles = gaps[..., None] * frequencies
    table = np.concatenate([np.sin(angles), np.cos(angles)], -1)
    relative = np.einsum("qkd,dhe->qkhe", table, ops.convert_to_numpy(position.projection.kernel))
    wanted = np.einsum("bqhe,qkhe->bhqk", np.array(query) + v, relative)
    np.testing.assert_allclose(found, wanted / 6**0.5, atol=1e-4)
    np.testing.assert_allclose(position.bias_query(query), np.array(query) + u, atol=1e-6)


@pytest.mark.parametrize(("kind", "position"), COMBINED)
def test_attention_survives_its_config(kind, position, x):
    known = {"block_routed": "causal", "global_local": "global_tokens"}
    local = PATTERNS[known.get(kind, "local")]
    layer = build(kind, position=POSITIONS[position], pattern=local)
    twin = saving.deserialize_keras_object(saving.serialize_keras_object(layer))
    assert twin.get_config() == layer.get_config()
    assert twin.get_config()["pattern"] == to_config(make(Pattern, local))
    twin.set_weights(layer.get_weights())
    np.testing.assert_allclose(twin(x)[0], layer(x)[0], atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", ATTENTION)
def test_half_precision_stays_near(kind, policy, x):
    position = POSITIONS["relative_xl" if combines(kind, "relative_xl") else "rotary"]
    full = build(kind, position=position)
    half = build(kind, position=position, dtype=policy)
    half.set_weights(full.get_weights())
    out, _ = half(x)
    assert keras.backend.standardize_dtype(out.dtype) == policy.removeprefix("mixed_")
    np.testing.assert_allclose(ops.cast(out, "float32"), full(x)[0], atol=0.3, rtol=0.1)


def test_patterns_compose():
    local, causal = make(Pattern, PATTERNS["local"]), make(Pattern, "causal")
    both, either = local & causal, local | causal
    assert to_config(both)["kind"] == "both"
    assert both.causal
    assert not either.causal
    assert both.allowed(5, 4)
    assert not both.allowed(5, 6)
    assert either.allowed(5, 6)
    assert either.allowed(5, 0)
