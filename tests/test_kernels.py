"""Every kernel gives the answer of `dense`: values and gradients, swept over everything."""

import zlib

import keras
import numpy as np
import pytest
from examples import INSIDE, PATTERNS, POSITIONS, attention_layer
from gradients import in_a_graph
from hypothesis import given, settings
from hypothesis.strategies import integers
from keras import ops

from zoo.attention.kernels import Rules, _splash, fused
from zoo.attention.kernels._automatic import automatic
from zoo.attention.kernels._dropout import Drop
from zoo.attention.kernels._plan import plan
from zoo.attention.kernels.block_sparse import BlockSparse
from zoo.attention.kernels.chunked import Chunked
from zoo.attention.kernels.dense import Dense
from zoo.attention.patterns import Pattern
from zoo.attention.patterns._tiles import Grid
from zoo.core.kinds import make
from zoo.core.loops import pullback, scan
from zoo.core.places import Places, Tile, span
from zoo.positions import Position

FAST = ["block_sparse", "chunked"]
SIZE = 16


def build(kernel="dense", block_size=None, **options):
    if block_size is not None:
        kernel = {"kind": kernel, "block_size": block_size}
    return attention_layer(size=SIZE, kernel=kernel, **options)


def twins(kernel, block_size, **options):
    slow, fast = build("dense", **options), build(kernel, block_size, **options)
    fast.set_weights(slow.get_weights())
    return slow, fast


def answer_and_gradients(layer, x, mask=None, **call):
    """What a layer answers, and the gradients of its input and its weights."""
    variables = layer.trainable_variables
    direction = np.random.default_rng(1).normal(size=x.shape).astype("float32")

    def run(x, *values):
        with keras.StatelessScope(state_mapping=zip(variables, values)):
            return layer(x, mask, **call)[0]

    inputs = [ops.convert_to_tensor(x), *(ops.convert_to_tensor(v.value) for v in variables)]
    answer, turn = pullback(run, inputs)
    return [np.array(answer), *map(np.array, turn(ops.cast(direction, answer.dtype)))]


def told(pattern, draw, length):
    """Marks of two texts: a few global tokens, three documents."""
    every = {
        "global_mask": draw.random((2, length)) < 2 / length,
        "document_ids": np.sort(draw.integers(0, 3, (2, length))).astype("int32"),
    }
    return {name: every[name] for name in pattern.marks}


def equal(found, wanted, tolerance=2e-5):
    scale = max(1.0, *(np.abs(other).max() for other in wanted))
    for one, other in zip(found, wanted):
        np.testing.assert_allclose(one / scale, other / scale, atol=tolerance)


@pytest.mark.parametrize("position", INSIDE)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_tiles_answer_and_learn_like_the_whole_table(pattern, position):
    draw = np.random.default_rng(zlib.crc32(f"{pattern} {position}".encode()))
    length, block_size = int(draw.integers(1, 60)), int(draw.integers(1, 17))
    x = draw.normal(size=(2, length, SIZE)).astype("float32")
    mask = np.arange(length)[None] < draw.integers(0, length + 1, size=(2, 1))
    options = {"pattern": PATTERNS[pattern], "position": POSITIONS[position]}
    slow, fast = twins("block_sparse", block_size, num_key_value_heads=2, **options)
    marks = told(fast.pattern, draw, length)
    equal(*(answer_and_gradients(layer, x, mask, marks=marks) for layer in (fast, slow)))


@settings(max_examples=10, deadline=None)
@given(length=integers(1, 1000), size=integers(8, 128), back=integers(0, 300), ahead=integers(0, 9))
def test_any_length_in_tiles_of_any_size(length, size, back, ahead):
    x = np.random.default_rng(length).normal(size=(1, length, SIZE)).astype("float32")
    pattern = {"kind": "local", "back": back, "ahead": ahead}
    slow, fast = twins("chunked", size, pattern=pattern, position="alibi")
    equal(answer_and_gradients(fast, x), answer_and_gradients(slow, x))


@pytest.mark.parametrize("count", [0, 2, 20])
@pytest.mark.parametrize("around", ["causal", "segments", "full"])
def test_marked_tokens_are_seen_wherever_they_are(around, count, draw):
    """Few, as many as there is room for; and more, when all pairs are looked at."""
    length = 60
    x = draw.normal(size=(2, length, SIZE)).astype("float32")
    mark = np.zeros((2, length), bool)
    for row in mark:
        row[draw.choice(length, count, replace=False)] = True
    marks = {"global_mask": mark, "document_ids": np.arange(length)[None].repeat(2, 0) // 25}
    longformer = {"kind": "longformer", "attention_window": 6, "marked": True, "positions": [0]}
    pattern = {"kind": "both", "patterns": [around, longformer]}
    slow, fast = twins("block_sparse", 4, num_key_value_heads=2, pattern=pattern, position="alibi")
    mask = np.arange(length)[None] < np.array([[length], [length - 7]])
    equal(*(answer_and_gradients(layer, x, mask, marks=marks) for layer in (fast, slow)))


@pytest.mark.parametrize(
    "option", [{"soft_cap": 2.0}, {"off_by_one": True}, {"query_key_norm": True}, {"dropout": 0.4}]
)
def test_variants_of_the_softmax_are_the_same_in_tiles(option, draw):
    x = draw.normal(size=(2, 23, SIZE)).astype("float32")
    options = {"pattern": "causal", "position": POSITIONS["relative_shaw"], **option}
    slow, fast = twins("block_sparse", 5, **options)
    plain = answer_and_gradients(build(pattern="causal", position=POSITIONS["relative_shaw"]), x)
    found = [
        answer_and_gradients(layer, x, training=True) for layer in (fast, reseeded(slow, fast))
    ]
    equal(*found)
    assert np.abs(found[0][0] - plain[0]).max() > 1e-3


def reseeded(layer, like):
    """The layer, about to draw the seeds that `like` draws."""
    for mine, theirs in zip(layer.seeds.variables, like.seeds.variables):
        mine.assign(theirs)
    return layer


def test_off_by_one_is_one_more_key_of_score_and_value_zero(draw):
    x = draw.normal(size=(1, 5, SIZE)).astype("float32")
    layer = build(pattern="full", off_by_one=True)
    query, key, value = (np.array(part(x)) for part in (layer.query, layer.key, layer.value))
    scores = np.einsum("bqhe,bkhe->bhqk", query, key) / 6**0.5
    weights = np.exp(scores) / (1 + np.exp(scores).sum(-1, keepdims=True))
    heads = np.einsum("bhqk,bkhe->bqhe", weights, value)
    np.testing.assert_allclose(layer(x)[0], layer.attention_output(heads), atol=1e-5)


def test_dropout_drops_its_rate_and_keeps_the_mean():
    tile = Tile(np.arange(4), np.arange(200)[None], np.arange(200)[None, None], 0)
    kept = np.array(Drop(0.3, ops.array([1, 2], "uint32"))(ops.ones((3, 4, 200, 200)), tile))
    assert abs((kept == 0).mean() - 0.3) < 0.005
    assert abs(kept.mean() - 1) < 0.01
    for axis in range(4):  # no two texts, heads, queries or keys drop alike
        first, second = np.take(kept, 0, axis), np.take(kept, 1, axis)
        assert abs(((first == 0) & (second == 0)).mean() - 0.09) < 0.02
    other = np.array(Drop(0.3, ops.array([1, 3], "uint32"))(ops.ones((3, 4, 200, 200)), tile))
    assert abs(((kept == 0) & (other == 0)).mean() - 0.09) < 0.01


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_stays_near_in_tiles(policy, draw):
    x = draw.normal(size=(2, 50, SIZE)).astype("float32")
    slow, fast = build("dense"), build("block_sparse", 16, dtype=policy)
    fast.set_weights(slow.get_weights())
    found, wanted = fast(x)[0], np.array(slow(x)[0])
    assert keras.backend.standardize_dtype(found.dtype) == policy.removeprefix("mixed_")
    np.testing.assert_allclose(ops.cast(found, "float32"), wanted, atol=0.02 * wanted.max())


def test_scores_far_apart_do_not_overflow(draw):
    x = 1e4 * draw.normal(size=(1, 40, SIZE)).astype("float32")
    slow, fast = twins("block_sparse", 8)
    found = answer_and_gradients(fast, x)
    assert all(np.isfinite(part).all() for part in found)
    np.testing.assert_allclose(found[0], slow(x)[0], rtol=1e-3)


def test_a_mask_of_pairs_is_never_left_out(draw):
    """Only the whole table has room for one: a kernel of tiles steps back."""
    query, key, value = (ops.convert_to_tensor(draw.normal(size=(1, 20, 2, 4))) for _ in range(3))
    position = make(Position, "nope")
    rules = Rules(Places(span(20), span(20)), make(Pattern, "full"), position)
    rules = rules._replace(mask=ops.convert_to_tensor(draw.random((1, 1, 20, 20)) < 0.5))
    wanted = Dense()(query, key, value, rules)
    for kernel in (BlockSparse(4), Chunked(4), automatic(rules, 2)):
        np.testing.assert_allclose(kernel(query, key, value, rules), wanted, atol=1e-6)
    assert np.abs(Dense()(query, key, value, rules._replace(mask=None)) - wanted).max() > 1e-2


def test_lines_hold_every_pair_once():
    """A global row is cut into lines as long as the others."""
    pattern = make(Pattern, {"kind": "global_tokens", "positions": [0]})
    pattern = pattern | make(Pattern, {"kind": "local", "back": 8, "ahead": 8})
    grid = Grid(8, 801, 801)
    tiles = pattern.tiles(grid)
    found = plan(pattern, grid, 2, 1)
    pairs = [
        (row, block)
        for lines in found.by_query
        for row, blocks in zip(lines.row, lines.blocks)
        for block in blocks
        if block < grid.columns()
    ]
    wanted = [
        (row + head * grid.rows(), column)
        for head in range(2)
        for row, column in zip(tiles.row, tiles.column)
    ]
    assert sorted(pairs) == sorted(wanted)
    assert max(lines.blocks.shape[1] for lines in found.by_query) < 10


@pytest.mark.parametrize("compiled", [False, True])
def test_a_loop_gives_what_its_passes_give(compiled):
    def loop(values):
        return scan(lambda c, x: (c + x, [x * x, x]), ops.zeros(()), values, 10)

    carry, outs = (in_a_graph(loop) if compiled else loop)(ops.arange(10.0))
    assert float(carry) == 45
    np.testing.assert_array_equal(outs[0], np.arange(10.0) ** 2)
    np.testing.assert_array_equal(outs[1], np.arange(10.0))


@pytest.mark.skipif(keras.config.backend() != "jax", reason="a kernel of JAX")
@pytest.mark.parametrize("pattern", ["causal", "local", "strided"])
def test_splash_attention_answers_and_learns_like_the_whole_table(pattern, draw, monkeypatch):
    """As on a TPU, but interpreted; tests/accelerator asks a TPU itself."""
    slow, fast = twins("fused", None, pattern=PATTERNS[pattern], num_key_value_heads=1)
    x = draw.normal(size=(2, 128, SIZE)).astype("float32")
    mask = np.arange(128)[None] < np.array([[128], [90]])
    wanted, asked = answer_and_gradients(slow, x, mask), []

    def interpreted(*told):
        asked.append(told)
        return _splash_attention(*told, interpret=True)

    _splash_attention = _splash.splash
    monkeypatch.setattr(fused, "on_jax", lambda *devices: "tpu" in devices)
    monkeypatch.setattr(_splash, "splash", interpreted)
    equal(answer_and_gradients(fast, x, mask), wanted)
    assert asked
    fast(x[:, :100])
    assert len(asked) == 1  # it takes whole tiles alone
