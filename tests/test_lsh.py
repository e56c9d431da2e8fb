"""LSH attention: equal to a dense twin, and what it promises."""

import keras
import numpy as np
import pytest
from gradients import in_a_graph
from graphs import largest, of_gradients, reads_graphs
from hashed import build, draw_heads, meetings, rotations_for, twin, visible
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops, saving

from zoo.attention._hashing import bucket_sizes, inverse, order
from zoo.attention._sorted_chunks import Seen, SortedChunks
from zoo.attention.kernels._dropout import Drop
from zoo.attention.patterns import Pattern
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.core.loops import pullback


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"pattern": "causal"},
        {"pattern": "full", "num_hashes": 3},
        {"pattern": {"kind": "local", "back": 6, "ahead": 2}, "num_hashes": 1},
        {"num_buckets": [2, 4], "chunks_before": 2},
        {"pattern": "full", "chunks_before": 0, "chunks_after": 1},
        {"pattern": "full", "chunks_after": 2},
        {"chunks_before": 0},
    ],
)
@pytest.mark.parametrize("at_once", [1, 200, 2**17])
def test_equal_to_a_dense_twin(at_once, options, padded, draw, monkeypatch):
    monkeypatch.setattr("zoo.attention._sorted_chunks.SCORES_AT_ONCE", at_once)
    layer, length = build(**options), 22
    heads, value = draw_heads(draw, length)
    mask = np.arange(length) < np.array([[length], [15]]) if padded else None
    rotations = rotations_for(layer, length, draw)
    count = visible(layer, meetings(layer, heads, mask, rotations), mask)
    into = draw.normal(size=heads.shape).astype("float32")
    into *= 1 if mask is None else mask[..., None, None]
    answers, gradients = zip(
        *(
            (out, turn(ops.convert_to_tensor(into)))
            for out, turn in (
                pullback(lambda h, v: layer.meet(h, v, mask, rotations), [heads, value]),
                pullback(lambda h, v: twin(h, v, count), [heads, value]),
            )
        )
    )
    real = np.ones((2, length), bool) if mask is None else mask
    ours, wanted = (np.array(answer)[real] for answer in answers)
    np.testing.assert_allclose(ours, wanted, atol=1e-5)
    for mine, expected in zip(*gradients):
        np.testing.assert_allclose(mine, expected, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    length=st.integers(1, 200),
    chunk_length=st.sampled_from([4, 8, 16]),
    causal=st.booleans(),
    num_hashes=st.integers(1, 3),
)
def test_any_length_is_finite_and_equals_the_twin(length, chunk_length, causal, num_hashes):
    draw, pattern = np.random.default_rng(length), "causal" if causal else "full"
    layer = build(chunk_length=chunk_length, pattern=pattern, num_hashes=num_hashes)
    x = draw.normal(size=(1, length, 10)).astype("float32")
    out, state = layer(x)
    assert state == ()
    assert np.isfinite(np.array(out)).all()
    heads, value = layer.query_key(x), layer.value(x)
    if length <= chunk_length:
        count = np.ones((2, 1, 1, length, length), int)
    else:
        shape = rotations_for(layer, length, draw).shape
        count = meetings(layer, heads, None, layer.rotations(shape=shape))
    wanted = layer.attention_output(twin(heads, value, visible(layer, count, None)))
    np.testing.assert_allclose(out, wanted, atol=1e-5)


@pytest.mark.parametrize("drop", [None, Drop(0.4, np.array([3, 4], "uint32"))])
def test_gradients_equal_those_of_automatic_differentiation(drop, draw, monkeypatch):
    monkeypatch.setattr("zoo.attention._sorted_chunks.SCORES_AT_ONCE", 500)
    sorted_places = draw.permuted(np.tile(np.arange(16, dtype="int32"), (2, 2, 3, 1)), axis=-1)
    seen = Seen(make(Pattern, "causal"), None, drop)
    chunks = SortedChunks(ops.convert_to_tensor(sorted_places), seen, 4, 1, 0)
    inputs = [ops.transpose(x, (2, 0, 1, 3)) for x in draw_heads(draw, 16)]
    into = ops.convert_to_tensor(draw.normal(size=(2, 2, 16, 4)).astype("float32"))
    out, turn = pullback(chunks, inputs)
    plain, turn_plain = pullback(lambda *inputs: chunks.forward(*inputs)[0], inputs)
    np.testing.assert_array_equal(out, plain)
    for found, wanted in zip(turn(into), turn_plain(into)):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_dropout_keeps_the_mean_and_is_another_in_every_round(draw):
    same = np.tile(np.arange(64, dtype="int32"), (1, 1, 2, 1))
    inputs = [ops.transpose(x, (2, 0, 1, 3)) for x in draw_heads(draw, 64, 1, 1)]

    def answer(seed):
        drop = None if seed is None else Drop(0.5, np.array([seed, 0], "uint32"))
        seen = Seen(make(Pattern, "full"), None, drop)
        rounds = ops.convert_to_tensor(same)
        one = ops.convert_to_tensor(same[:, :, :1])
        return [np.array(SortedChunks(o, seen, 32, 1, 0)(*inputs)) for o in (one, rounds)]

    (plain, _), dropped = answer(None), [answer(seed) for seed in range(200)]
    mean = np.mean([one for one, _ in dropped], axis=0)
    np.testing.assert_allclose(mean, plain, atol=0.25)
    assert np.abs(dropped[0][0] - dropped[0][1]).max() > 1e-3


def test_no_gradient_comes_from_later_tokens_or_from_padding(draw):
    layer, length, place = build(pattern="causal"), 22, 13
    heads, value = draw_heads(draw, length)
    mask = np.arange(length) < np.array([[length], [18]])
    rotations = rotations_for(layer, length, draw)
    _, turn = pullback(lambda h, v: layer.meet(h, v, mask, rotations), [heads, value])
    into = np.zeros(heads.shape, "float32")
    into[:, place] = 1
    for found in turn(ops.convert_to_tensor(into)):
        assert not np.any(np.array(found)[:, place + 1 :])
        assert np.any(np.array(found)[:, :place])


def test_what_stands_at_padding_leaves_no_trace(draw):
    layer = build(pattern="full")
    x = draw.normal(size=(2, 22, 10)).astype("float32")
    mask = np.arange(22) < np.array([[22], [15]])
    other = np.where(mask[..., None], x, 7)
    before, after = (np.array(layer(text, mask)[0]) for text in (x, other))
    np.testing.assert_array_equal(before[mask], after[mask])


def test_compiled_answers_are_the_same(draw):
    layer, x = build(), draw.normal(size=(2, 30, 10)).astype("float32")
    compiled = in_a_graph(lambda x: layer(x)[0], jit=True)
    np.testing.assert_allclose(compiled(x), layer(x)[0], atol=1e-5)


def test_rotations_are_new_in_training_and_the_same_otherwise(draw):
    layer = build(num_hashes=1)
    x = draw.normal(size=(1, 64, 10)).astype("float32")
    first, second = (np.array(layer(x, training=True)[0]) for _ in range(2))
    assert np.abs(first - second).max() > 1e-4
    np.testing.assert_array_equal(layer(x)[0], layer(x)[0])
    seeds = [np.array(build(hash_seed=seed).rotations(shape=(3,))) for seed in (0, 1)]
    assert (seeds[0] != seeds[1]).all()


def test_more_rounds_come_nearer_to_exact_attention(draw):
    x = draw.normal(size=(1, 64, 10)).astype("float32")
    layer = build(pattern="full", chunk_length=8, initializer_range=1.0)
    exact = build(pattern="full", chunk_length=64)
    exact.set_weights(layer.get_weights()[: len(exact.get_weights())])
    wanted, far = np.array(exact(x)[0]), []
    for layer.num_hashes in (1, 4, 16):
        # Training draws new rotations at every call; of a single draw, one round may do well.
        answers = [layer(x, training=True)[0] for _ in range(8)]
        far.append(np.mean(np.abs(np.stack(answers) - wanted)))
    assert far[0] > far[1] > far[2]


@pytest.mark.parametrize("segment", [1, 5, 8, 22])
def test_with_a_state_attention_is_exact(segment, draw):
    layer, exact = build(), build(chunk_length=64)
    exact.set_weights(layer.get_weights())
    x = draw.normal(size=(2, 22, 10)).astype("float32")
    state, parts = layer.initial_state(2, 24), []
    for first in range(0, 22, segment):
        part, state = layer(x[:, first : first + segment], state=state)
        parts.append(part)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), exact(x)[0], atol=1e-5)


@pytest.mark.parametrize("factors", [[8], [2**14, 2**13]])
def test_tokens_are_sorted_by_bucket_and_place(factors, draw):
    """The second number of buckets leaves no room in 32 bits for bucket and place together."""
    drawn = draw.integers(0, 8, (2, 3, 2, 50)).astype("int32")
    tokens = np.arange(50) < np.array([50, 40, 50])[:, None]
    found = np.array(order(ops.convert_to_tensor(drawn), factors, tokens))
    key = np.where(tokens[:, None], drawn, 8)
    np.testing.assert_array_equal(found, np.argsort(key, axis=-1, kind="stable"))
    back = np.array(inverse(ops.convert_to_tensor(found)))
    assert (np.take_along_axis(found, back, -1) == np.arange(50)).all()


@pytest.mark.parametrize(
    ("length", "chunk_length", "sizes"),
    [(2, 1, [4]), (5, 4, [2]), (100, 16, [8]), (4096, 64, [128]), (16384, 64, [16, 32])],
)
def test_number_of_buckets(length, chunk_length, sizes):
    assert bucket_sizes(length, chunk_length) == sizes


@pytest.mark.parametrize("jit_compile", [False, True])
def test_trains_and_every_weight_learns(jit_compile, draw):
    layer = build(dropout=0.1)
    inputs = keras.Input((22, 10), 3)
    model = keras.Model(inputs, layer(inputs)[0])
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=jit_compile)
    before = [np.array(weight) for weight in layer.trainable_weights]
    x = draw.normal(size=(3, 22, 10)).astype("float32")
    model.fit(x, -x, batch_size=3, epochs=2, verbose=0)
    for weight, old in zip(layer.trainable_weights, before):
        assert np.isfinite(np.array(weight)).all()
        assert np.abs(np.array(weight) - old).min() > 0, weight.path
    assert len(before) == 3


def test_survives_its_config(draw):
    layer = build(num_buckets=[2, 4], chunks_after=1, hash_seed=3, pattern="full")
    twin_layer = saving.deserialize_keras_object(saving.serialize_keras_object(layer))
    assert twin_layer.get_config() == layer.get_config()
    twin_layer.set_weights(layer.get_weights())
    x = draw.normal(size=(2, 22, 10)).astype("float32")
    np.testing.assert_array_equal(twin_layer(x)[0], layer(x)[0])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_stays_near(policy, draw):
    full, half = build(pattern="full"), build(pattern="full", dtype=policy)
    half.set_weights(full.get_weights())
    heads, value = draw_heads(draw, 22)
    rotations = rotations_for(full, 22, draw)
    # Rounded before, so that both hash the same numbers.
    heads, value = (ops.cast(x, half.compute_dtype) for x in (heads, value))
    wanted = full.meet(ops.cast(heads, "float32"), ops.cast(value, "float32"), None, rotations)
    out = half.meet(heads, value, None, rotations)
    assert keras.backend.standardize_dtype(out.dtype) == half.compute_dtype
    np.testing.assert_allclose(ops.cast(out, "float32"), wanted, atol=0.05, rtol=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_buckets": [2, 3]}, "num_buckets must be even"),
        ({"soft_cap": 5.0}, "soft_cap cannot be combined with hashing"),
        ({"num_key_value_heads": 1}, "num_key_value_heads cannot be combined"),
        ({"position": "alibi"}, "a position that adds to scores"),
    ],
)
def test_what_cannot_be_hashed_is_refused(options, message):
    with pytest.raises(ZooError, match=message):
        build(**options)


@reads_graphs
def test_no_tensor_is_larger_than_a_few_times_the_input():
    length = 4096
    graph = of_gradients(build(chunk_length=16, num_hashes=1), 1, length, 10)
    assert len(graph.get_operations()) > 250
    assert 10 * length <= largest(graph) <= 2**17
