"""Every position encoding: tile by tile, by definition, and in layers."""

import keras
import numpy as np
import pytest
from examples import AT_THE_EMBEDDING, INSIDE, POSITIONS, attention
from gradients import TENSORFLOW
from keras import ops, saving
from scores import BATCH, HEADS, SIZE, aligned, numpy, prepared, score, whole

from zoo.attention import Attention
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.core.places import Tile
from zoo.positions import Position
from zoo.positions._on_grid import stretched
from zoo.positions.sinusoidal import waves

VARIANTS = {
    **{kind: POSITIONS[kind] for kind in INSIDE},
    "music_both": {"kind": "relative_music", "max_distance": 4, "bidirectional": True},
    "music_values": {"kind": "relative_music", "max_distance": 5, "values": True},
    "music_shared": {"kind": "relative_music", "max_distance": 9, "per_head": False},
    "shaw_per_head": {"kind": "relative_shaw", "max_distance": 2, "per_head": True},
    "t5_back": {**POSITIONS["t5_buckets"], "bidirectional": False},
}
WITH_VALUES = [kind for kind, node in VARIANTS.items() if make(Position, node).answers]


def tensors(*arrays):
    return [ops.convert_to_tensor(np.asarray(x, "int32")) for x in arrays]


# Tile by tile.


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("kind", VARIANTS)
def test_any_tile_is_a_part_of_the_whole_table(kind, shifted, draw):
    position = prepared(VARIANTS[kind])
    for _ in range(4):
        keys = int(draw.integers(8, 20))
        queries = int(draw.integers(6, keys + 1))
        shift = tensors(draw.integers(0, 9, BATCH))[0] if shifted else None
        places = aligned(queries, keys, shift)
        query = draw.normal(size=(BATCH, HEADS, queries, SIZE)).astype("float32")
        table = score(position, query, places)
        rows, blocks, long, wide = draw.integers(1, 6, 4)
        head = draw.integers(0, HEADS, rows)
        here = draw.integers(0, queries - long + 1, rows)[:, None] + np.arange(long)
        there = draw.integers(0, keys - wide + 1, (rows, blocks))[..., None] + np.arange(wide)
        parts = tensors(head, places.query[here], there)
        tile = Tile(*parts, places.farthest(), shift)
        asked = ops.convert_to_tensor(query[:, head[:, None], here])
        found = position.score(asked, position.tables(places, "float32"), tile)
        there = there.reshape(rows, 1, -1)
        wanted = table[:, head[:, None, None], here[..., None], there]
        found = np.zeros(1) if found is None else numpy(found)
        np.testing.assert_allclose(np.broadcast_to(found, wanted.shape), wanted, atol=1e-5)


@pytest.mark.parametrize("kind", VARIANTS)
def test_looking_back_may_leave_out_what_is_ahead(kind, draw):
    position, places = prepared(VARIANTS[kind]), aligned(5, 9)
    query = draw.normal(size=(BATCH, HEADS, 5, SIZE)).astype("float32")
    table, back = score(position, query, places), score(position, query, places, causal=True)
    seen = places.key[None] <= places.query[:, None]
    np.testing.assert_allclose(back[:, :, seen], table[:, :, seen], atol=1e-5)
    parts = tensors([2, 0], [[6, 7], [7, 8]], [[[4, 5, 6, 7]], [[5, 6, 7, 8]]])
    tile = Tile(*parts, places.farthest(), backward=True)
    asked = ops.stack([query[:, 2, 2:4], query[:, 0, 3:5]], axis=1)
    found = position.score(asked, position.tables(places, "float32"), tile)
    wanted = np.stack([table[:, 2, 2:4, 4:8], table[:, 0, 3:5, 5:9]], axis=1)
    found = np.broadcast_to(0 if found is None else numpy(found), wanted.shape)
    seen = np.tri(2, 4, 2, dtype=bool)
    np.testing.assert_allclose(found[:, :, seen], wanted[:, :, seen], atol=1e-5)


@pytest.mark.parametrize("kind", WITH_VALUES)
def test_answers_of_tiles_add_up(kind, draw):
    position, places = prepared(VARIANTS[kind]), aligned(6, 12)
    weights = draw.normal(size=(BATCH, HEADS, 6, 12)).astype("float32")
    tables, everything = whole(position, places)
    wanted = numpy(position.answer(ops.convert_to_tensor(weights), tables, everything))
    head, row = np.array([2, 0, 1, 2]), np.array([1, 0, 1, 0])
    here = row[:, None] * 3 + np.arange(3)
    order = np.stack([draw.permutation(6) for _ in head])
    found = 0
    for blocks in np.split(order, 2, axis=1):
        there = blocks[..., None] * 2 + np.arange(2)
        tile = Tile(*tensors(head, places.query[here], there), places.farthest())
        index = there.reshape(4, 1, -1)
        part = ops.convert_to_tensor(weights[:, head[:, None, None], here[..., None], index])
        found = found + numpy(position.answer(part, tables, tile))
    np.testing.assert_allclose(found, wanted[:, head[:, None], here], atol=1e-5)


@pytest.mark.parametrize("kind", WITH_VALUES)
def test_answers_looking_back_are_the_same(kind, draw):
    position, places = prepared(VARIANTS[kind]), aligned(5, 9)
    weights = draw.normal(size=(BATCH, HEADS, 5, 9)) * np.tri(5, 9, 4)
    weights = ops.convert_to_tensor(weights.astype("float32"))
    both, back = (whole(position, places, causal=causal) for causal in (False, True))
    wanted, found = position.answer(weights, *both), position.answer(weights, *back)
    np.testing.assert_allclose(numpy(found), numpy(wanted), atol=1e-5)
    parts = tensors([2], [[7, 8]], [[[6, 7, 8]]])
    tile = Tile(*parts, places.farthest(), backward=True)
    part = weights[:, 2:3, 3:, 6:]
    forth = position.answer(part, both[0], tile._replace(backward=False))
    np.testing.assert_allclose(numpy(position.answer(part, both[0], tile)), forth, atol=1e-5)


# By definition.


def test_biases_on_lines_and_grids_equal_their_definition(draw):
    places, starts = aligned(7, 11), np.array([3, 20], "int32")
    query = draw.normal(size=(BATCH, HEADS, 7, SIZE)).astype("float32")
    on_grid = places._replace(shift=ops.convert_to_tensor(starts))
    alibi, bias, botnet = (prepared(VARIANTS[k]) for k in ("alibi", "grid_bias", "relative_2d"))
    tables = [numpy(table) for table in (bias.steps, botnet.down, botnet.right)]
    on_line = score(alibi, query, places)
    found = [score(position, query, on_grid) for position in (bias, botnet)]
    for b, h, q, k in np.ndindex(BATCH, HEADS, 7, 11):
        gap = abs(places.query[q] - k)
        assert np.isclose(on_line[b, h, q, k], -[1 / 16, 1 / 256, 1 / 4][h] * gap)
        here, there = places.query[q] + starts[b], k + starts[b]
        down, right = there // 4 - here // 4 + 15, there % 4 - here % 4 + 3
        assert np.isclose(found[0][b, h, q, k], tables[0][h, down, right])
        wanted = query[b, h, q] @ (tables[1][down] + tables[2][right])
        assert np.isclose(found[1][b, h, q, k], wanted, atol=1e-5)


def test_transformer_xl_equals_a_table_of_all_distances(draw):
    position, places = prepared(VARIANTS["relative_xl"]), aligned(5, 9)
    query = draw.normal(size=(BATCH, HEADS, 5, SIZE)).astype("float32")
    u, v = (numpy(bias) for bias in position.biases.values("float32"))
    biased = ops.transpose(position.bias_query(query.transpose(0, 2, 1, 3)), (0, 2, 1, 3))
    gaps = places.query[:, None] - places.key
    sinusoids = numpy(waves(gaps, 16, 10_000.0))
    relative = np.einsum("qkd,dhe->qkhe", sinusoids, numpy(position.projection.kernel))
    wanted = np.einsum("bhqe,qkhe->bhqk", query + v[:, None], relative) * SIZE**-0.5
    np.testing.assert_allclose(numpy(biased), query + u[:, None], atol=1e-6)
    found = score(position, numpy(biased) * SIZE**-0.5, places)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("kind", ["axial", "axial_sum"])
def test_axes_are_numbered_with_the_last_one_fastest(kind):
    position, x = make(Position, POSITIONS[kind]), np.zeros((2, 9, 16), "float32")
    found = numpy(position.embed(ops.convert_to_tensor(x), ops.convert_to_tensor([0, 20])))
    axes, shape = [numpy(table) for table in position.axes], POSITIONS[kind]["shape"]
    for b, t in np.ndindex(2, 9):
        vectors = [table[i] for table, i in zip(axes, np.unravel_index(20 * b + t, shape))]
        wanted = np.concatenate(vectors) if kind == "axial" else sum(vectors)
        np.testing.assert_allclose(found[b, t], wanted, atol=1e-6)


def test_sines_of_rows_and_columns_equal_their_definition(draw):
    position, x = make(Position, POSITIONS["sinusoidal_2d"]), draw.normal(size=(2, 9, 16))
    starts = np.array([0, 20], "int32")
    found = numpy(position.embed(ops.convert_to_tensor(x.astype("float32")), starts)) - x
    for b, t in np.ndindex(2, 9):
        row, column = divmod(starts[b] + t, 4)
        angles = 2 * np.pi * np.array([(row + 1) / 16, (column + 1) / 4])
        turns = angles[:, None] / 10_000 ** (np.arange(4) / 4)
        wanted = np.stack([np.sin(turns), np.cos(turns)], axis=-1).ravel()
        np.testing.assert_allclose(found[b, t], wanted, atol=1e-5)


def test_at_every_layer_values_are_left_without_it(draw):
    node = {"kind": "every_layer", "position": {"kind": "learned", "max_sequence_length": 9}}
    made, weights = layer(node)
    weights[0].assign(draw.normal(size=(9, 16)))
    x = ops.convert_to_tensor(draw.normal(size=(1, 9, 16)).astype("float32"))
    places = np.arange(9, dtype="int32")[None]
    asked, (key, value) = made.ask(x, places), made.offer(x, places)
    for heads, dense in ((asked, made.query), (key, made.key)):
        np.testing.assert_allclose(numpy(heads), numpy(dense(x + weights[0])), atol=1e-5)
    np.testing.assert_allclose(numpy(value), numpy(made.value(x)), atol=1e-6)


def test_layers_share_what_is_added_at_every_layer():
    learned = {"kind": "learned", "max_sequence_length": 9}
    nodes = [learned, learned, {**learned, "max_sequence_length": 7}]
    first, second, other = (
        make(Position, {"kind": "every_layer", "position": node}) for node in nodes
    )
    for position in (first, second, other):
        position.tie(first)
        position.prepare(HEADS, SIZE)
    assert second.weights[0] is first.weights[0]
    assert tuple(other.weights[0].shape) == (7, HEADS * SIZE)


@pytest.mark.parametrize("kind", ["grid_bias", "grid_distance", "relative_2d"])
def test_tables_of_a_grid_are_resized(kind):
    """Of the same grid nothing changes; of another, steps near by change least."""
    position = prepared(VARIANTS[kind], height=5, width=3)
    for found, table in zip(position.resized(5, 3), position.weights, strict=True):
        np.testing.assert_allclose(numpy(found), numpy(table), atol=1e-6)
    larger = [numpy(one) for one in position.resized(9, 5)]
    if kind == "grid_bias":
        assert larger[0].shape == (HEADS, 17, 9)
        near, was = larger[0][:, 7:10, 3:6], numpy(position.steps)[:, 3:6, 1:4]
    elif kind == "grid_distance":
        assert larger[0].shape == (HEADS, 9, 5)
        near, was = larger[0][:, :2, :2], numpy(position.steps)[:, :2, :2]
    else:
        assert [one.shape[0] for one in larger] == [17, 9]
        near, was = larger[0][7:10], numpy(position.down)[3:6]
    np.testing.assert_allclose(near, was, atol=1e-6)


def test_steps_lie_between_distances_that_grow():
    found = stretched(3, 5)
    assert found.shape == (9, 5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    distances = found @ np.array([-4, -1, 0, 1, 4])  # 1, then 1 + 1.5 at most, is 2.5: the end
    np.testing.assert_allclose(distances[[3, 4, 5]], [-1, 0, 1], atol=1e-5)
    np.testing.assert_array_equal(found, found[::-1, ::-1])
    np.testing.assert_allclose(stretched(5, 3)[2], np.eye(9)[4], atol=1e-6)


@pytest.mark.parametrize("layout", ["halves", "interleaved"])
def test_rotary_scores_depend_on_distance_only(layout, draw):
    position = prepared(VARIANTS["rotary"], layout=layout)
    query, key = draw.normal(size=(2, 1, 1, HEADS, SIZE)).astype("float32")

    def product(*places):
        turned = [position.rotate(x, np.array([[at]])) for x, at in zip((query, key), places)]
        return numpy(ops.sum(turned[0] * turned[1], axis=-1))

    np.testing.assert_allclose(product(7, 3), product(104, 100), atol=1e-4)
    assert np.abs(product(7, 3) - product(8, 3)).max() > 1e-2


def test_alibi_has_no_longest_text():
    position, query = prepared(VARIANTS["alibi"]), np.ones((1, HEADS, 40, SIZE), "float32")
    short, long = (score(position, query[:, :, :n], aligned(n, n)) for n in (9, 40))
    np.testing.assert_allclose(long[:, :, -9:, -9:], short)


def test_layers_share_the_buckets_of_t5():
    first, second, own = (make(Position, VARIANTS["t5_buckets"]) for _ in range(3))
    second.tie(first)
    for position in (first, second, own):
        position.prepare(HEADS, SIZE)
    assert second.weights[0] is first.weights[0]
    assert own.weights[0] is not first.weights[0]


# In layers.


def layer(node, **options):
    """A position at the embedding, or the attention it stands in, and its weights."""
    if node["kind"] in AT_THE_EMBEDDING:
        made = make(Position, node, name="position", **options)
    else:
        written = attention(pattern="full", position=node)
        made = make(Attention, written, name="attention", **options)
    made.build((None, None, 16))
    return made, getattr(made, "position", made).weights


def outputs(made, x):
    out = made(x)
    return out[0] if isinstance(out, tuple) else out


def gradients(made, weights, x):
    """Of the sum of squares of what a layer gives, for each of the weights."""
    if TENSORFLOW:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            total = tf.reduce_sum(outputs(made, x) ** 2)
        return tape.gradient(total, [weight.value for weight in weights])
    import jax

    def total(values):
        with keras.StatelessScope(zip(weights, values)):
            return ops.sum(outputs(made, x) ** 2)

    return jax.grad(total)([weight.value for weight in weights])


@pytest.mark.parametrize("kind", [*VARIANTS, *AT_THE_EMBEDDING])
def test_every_weight_of_a_position_learns(kind, draw):
    made, weights = layer(VARIANTS.get(kind) or POSITIONS[kind])
    x = ops.convert_to_tensor(draw.normal(size=(2, 9, 16)).astype("float32"))
    for weight, gradient in zip(weights, gradients(made, weights, x)):
        assert np.any(numpy(ops.convert_to_tensor(gradient))), weight.path


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", [*VARIANTS, *AT_THE_EMBEDDING])
def test_half_precision_stays_near(kind, policy, draw):
    node = VARIANTS.get(kind) or POSITIONS[kind]
    (full, _), (half, _) = layer(node), layer(node, dtype=policy)
    half.set_weights(full.get_weights())
    x = draw.normal(size=(2, 9, 16)).astype("float32")
    found = outputs(half, x)
    assert keras.backend.standardize_dtype(found.dtype) == policy.removeprefix("mixed_")
    np.testing.assert_allclose(numpy(found), numpy(outputs(full, x)), atol=0.06, rtol=0.05)


@pytest.mark.parametrize("kind", [*VARIANTS, *POSITIONS])
def test_a_position_survives_its_config(kind):
    position = make(Position, VARIANTS.get(kind) or POSITIONS[kind])
    assert to_config(make(Position, to_config(position))) == to_config(position)
    twin = saving.deserialize_keras_object(saving.serialize_keras_object(position))
    assert twin.get_config() == position.get_config()


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"kind": "rotary", "rotary_dim": 3}, "rotary_dim 3 must be even"),
        ({"kind": "rotary", "factor": 2.0}, "factor 2.0 does nothing without scaling"),
        ({"kind": "rotary", "scaling": "yarn"}, "yarn needs original_max_sequence_length"),
        ({"kind": "axial", "shape": [2, 3], "dims": [16]}, "a number an axis each"),
        ({"kind": "t5_buckets", "num_buckets": 6}, "num_buckets 6 must be a multiple of 4"),
        ({"kind": "t5_buckets", "max_distance": 8}, "max_distance 8 must be above 8"),
        ({"kind": "every_layer", "position": "rotary"}, "found rotary, expected one for an emb"),
        ({"kind": "every_layer", "position": "nope"}, "found nope, expected one for an emb"),
    ],
)
def test_bad_arguments_are_refused(node, message):
    with pytest.raises(ZooError, match=message):
        make(Position, node)


@pytest.mark.parametrize(
    ("node", "shape", "message"),
    [
        ({"kind": "rotary", "rotary_dim": 8}, (2, 6), "8 features of a head_dim of 6"),
        ({"kind": "rotary"}, (2, 5), "5 features of a head_dim of 5"),
        ({"kind": "axial", "shape": [2, 3], "dims": [4, 8]}, (None, None, 16), "add up to 12"),
        ({"kind": "sinusoidal"}, (None, None, 7), "7 features"),
        (POSITIONS["sinusoidal_2d"], (None, None, 6), "6 features, but a quarter are sines"),
    ],
)
def test_bad_sizes_are_refused(node, shape, message):
    with pytest.raises(ValueError, match=message):
        make(Position, node).build(shape)
