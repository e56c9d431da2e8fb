"""The layers for Keras users: what is seen, shapes, learning, saving."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from zoo import layers
from zoo.attention.kernels.dense import Dense
from zoo.attention.patterns.full import Full

LENGTH, OTHER, SIZE = 7, 5, 12
SPARSE = {
    "LocalAttention": {"back": 2, "ahead": 1},
    "LongformerAttention": {"attention_window": 2, "positions": [0, 6]},
    "BigBirdAttention": {"block_size": 2, "num_random_blocks": 1},
    "SparseAttention": {"stride": 4},
}
WHOLE = {
    "TransformerXLAttention": {"memory_length": 6},
    "LSHAttention": {"chunk_length": 4, "num_hashes": 2},
}
ALL = {
    **{name: {"num_heads": 2, "key_dim": 4, **options} for name, options in SPARSE.items()},
    **{name: {"num_heads": 2, "key_dim": 4, **options} for name, options in WHOLE.items()},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 4, "position": "rotary", "soft_cap": 5.0},
    "GroupedQueryAttention": {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2},
}
FAR = {
    "relative_music": {"max_distance": 9},
    "t5_buckets": {"initializer_range": 1.0},
}
SCORING = [name for name in ALL if name not in WHOLE]


def made(name, **options):
    return getattr(layers, name)(**{**ALL[name], **options})


def equal(found, wanted, atol=1e-5):
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(
            ops.convert_to_numpy(one), ops.convert_to_numpy(other), atol=atol
        )


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, LENGTH, SIZE)).astype("float32")


@pytest.fixture
def y(draw):
    return draw.normal(size=(2, OTHER, SIZE)).astype("float32")


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("position", ["rotary", "t5_buckets", "relative_music"])
def test_queries_and_keys_both_stand_from_the_first_place_on(position, causal, x):
    layer = made("MultiHeadAttention", position={"kind": position, **FAR.get(position, {})})
    whole = layer(x, x, use_causal_mask=causal)
    part = layer(x[:, :OTHER], x, use_causal_mask=causal)
    equal([part], [whole[:, :OTHER]])
    few = layer(x, x[:, :OTHER], use_causal_mask=causal)
    equal([few], [layer(x, x, value_mask=np.arange(LENGTH)[None] < OTHER, use_causal_mask=causal)])
    told = keras.Input((None, SIZE)), keras.Input((None, SIZE))
    model = keras.Model(told, layer(*told, use_causal_mask=causal))
    equal([model([x[:, :OTHER], x])], [part])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", SPARSE)
def test_scores_are_where_the_pattern_allows(name, causal):
    length = 20
    x = np.random.default_rng(0).normal(size=(2, length, SIZE)).astype("float32")
    tiled, whole = (made(name, kernel=kernel) for kernel in ("block_sparse", "dense"))
    tiled.build(x.shape, x.shape)
    whole.build(x.shape, x.shape)
    whole.set_weights(tiled.get_weights())
    equal([tiled(x, x, use_causal_mask=causal)], [whole(x, x, use_causal_mask=causal)])
    heads, scores = tiled(x, x, use_causal_mask=causal, return_attention_scores=True)
    place, pattern = np.arange(length), tiled.pattern.sized(length)
    pairs = place[:, None], place[None]
    allowed = [np.broadcast_to(pattern.allowed(*pairs, h), (length, length)) for h in range(2)]
    assert not isinstance(pattern, Full)
    wanted = np.stack(allowed) & ((pairs[1] <= pairs[0]) | (not causal))
    assert ((ops.convert_to_numpy(scores) > 0) == wanted[None]).all()
    equal([ops.sum(scores, -1)], [np.ones((2, 2, length))])
    equal([heads], [whole(x, x, use_causal_mask=causal)])


@pytest.mark.parametrize("part", ["local", "summary", "merged"])
def test_the_fixed_pattern_is_chosen_by_its_summary(part):
    pattern = made("SparseAttention", summary_width=2, part=part).pattern
    assert pattern.allowed(9, 8) == (part != "summary")
    assert pattern.allowed(9, 2) == (part != "local")
    assert not pattern.allowed(9, 5)


def test_causal_and_key_masks_never_make_the_whole_table(monkeypatch):
    x = np.ones((1, 400, 4), "float32")
    layer = layers.LocalAttention(1, 2, back=4, ahead=4)
    layer(x, x)

    def refuse(*_):
        raise AssertionError("the whole table of scores was made")

    monkeypatch.setattr(Dense, "weights", refuse)
    keep = np.ones((1, 400), bool)
    layer(x, x, value_mask=keep, use_causal_mask=True, attention_mask=keep[:, None])
    with pytest.raises(AssertionError, match="whole table"):
        layer(x, x, attention_mask=np.ones((1, 400, 400), bool))


def test_marks_tell_who_is_global_and_which_document(x, y):
    marked = layers.LongformerAttention(2, 4, 2, marked=True)
    fixed = layers.LongformerAttention(2, 4, 2, positions=[3])
    packed = layers.MultiHeadAttention(2, 4, pattern="segments")
    for layer in (marked, fixed, packed):
        layer.build(x.shape, x.shape)
        layer.set_weights(marked.get_weights())
    equal([marked(x, x, global_mask=np.arange(LENGTH)[None] == [[3], [3]])], [fixed(x, x)])
    of_x, of_y = np.arange(LENGTH) // 4 + [[0], [0]], np.arange(OTHER) // 3 + [[0], [0]]
    _, scores = packed(x, y, document_ids=(of_x, of_y), return_attention_scores=True)
    assert ((ops.convert_to_numpy(scores)[0, 0] > 0) == (of_x[0][:, None] == of_y[0])).all()
    with pytest.raises(ValueError, match="give a pair"):
        packed(x, y, document_ids=of_x)
    with pytest.raises(ValueError, match="needs global_mask"):
        marked(x, x)
    with pytest.raises(ValueError, match="does not take global_mask; it asks for nothing"):
        fixed(x, x, global_mask=of_x > 0)


@pytest.mark.parametrize("name", WHOLE)
def test_self_attention_takes_the_query_alone(name, x, y):
    layer = made(name, dtype="mixed_bfloat16")
    equal([layer(x, x, x)], [layer(x)])
    with pytest.raises(ValueError, match="value and key must be the query"):
        layer(x, y)
    with pytest.raises(ValueError, match="masks of keys"):
        layer(x, attention_mask=np.ones((2, LENGTH, LENGTH), bool))
    with pytest.raises(ValueError, match="no table of attention scores"):
        layer(x, return_attention_scores=True)
    with pytest.raises(ValueError, match="causal when its constructor"):
        made(name, pattern="full")(x, use_causal_mask=True)


@pytest.mark.parametrize("name", WHOLE)
def test_self_attention_does_not_see_padding(name, x):
    layer, keep = made(name, initializer_range=0.5), np.arange(LENGTH)[None] < [[5], [5]]
    poked = x.copy()
    poked[:, 5:] += 1
    masks = [{"value_mask": keep}, {"key_mask": keep}, {"attention_mask": keep[:, None]}]
    for mask in masks:
        equal([layer(x, **mask)[:, :5]], [layer(poked, **mask)[:, :5]])
    told = keras.Input((LENGTH,), dtype="int32")
    text = keras.layers.Embedding(9, SIZE, mask_zero=True)
    model = keras.Model(told, layer(text(told)))
    ids = np.array([[3, 1, 4, 1, 5, 0, 0]])
    vectors = ops.take(text.embeddings.value, ids, axis=0)
    equal([model(ids)], [layer(vectors, value_mask=ids > 0)])


def test_transformer_xl_remembers(x):
    layer = made("TransformerXLAttention", initializer_range=0.5)
    whole, parts = layer(x, use_causal_mask=True), []
    state = layer.initial_state(2)
    for first in range(0, LENGTH, 2):
        part, state = layer(x[:, first : first + 2], state=state)
        parts.append(part)
    equal([ops.concatenate(parts, 1)], [whole])
    assert (ops.convert_to_numpy(state.length) == LENGTH).all()
    spec, after = layer.compute_output_spec(x, x, state=state)
    assert (spec.shape, after.hidden.shape) == (x.shape, (2, 6, SIZE))


@pytest.mark.parametrize("name", ALL)
def test_specs_tell_the_shapes(name, x, y):
    layer = made(name)
    spec, out = layer.compute_output_spec(ops.array(x), ops.array(x)), layer(x, x)
    assert (spec.shape, spec.dtype) == (out.shape, keras.backend.standardize_dtype(out.dtype))
    shapes = (x.shape,) if name in WHOLE else (x.shape, x.shape)
    assert tuple(layer.compute_output_shape(*shapes)) == tuple(out.shape)
    if name in SCORING:
        other = x if layer.self_attention else y
        call = {"value": ops.array(other), "return_attention_scores": True}
        for told, given in zip(layer.compute_output_spec(ops.array(x), **call), layer(x, **call)):
            assert (told.shape, told.dtype) == (
                given.shape,
                keras.backend.standardize_dtype(given.dtype),
            )


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", ALL)
def test_half_precision_stays_near(name, policy, x):
    full, half = made(name), made(name, dtype=policy)
    wanted, found = full(x, x), half(x, x)
    half.set_weights(full.get_weights())
    found = half(x, x)
    assert keras.backend.standardize_dtype(found.dtype) == policy.removeprefix("mixed_")
    equal([ops.cast(found, "float32")], [wanted], atol=0.1)


@pytest.mark.parametrize("name", ALL)
def test_every_layer_learns_compiled(name, draw):
    told = keras.Input((LENGTH,), dtype="int32")
    text = keras.layers.Embedding(9, SIZE, mask_zero=True)(told)
    model = keras.Model(told, keras.layers.Dense(3)(made(name, dropout=0.1)(text, text)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss, jit_compile=True)
    ids = draw.integers(1, 9, size=(8, LENGTH))
    ids[::2, 5:] = 0
    losses = model.fit(ids, ids % 3, batch_size=4, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]
    assert all(np.any(w) for w in model.get_weights())


READ = """
import sys, keras, numpy as np
from zoo import layers
model = keras.saving.load_model(sys.argv[1])
np.save(sys.argv[2], model.predict(np.arange(14).reshape(2, 7) % 9, verbose=0))
"""


def test_a_saved_model_is_read_in_a_fresh_process(tmp_path):
    told = keras.Input((LENGTH,), dtype="int32")
    text = keras.layers.Embedding(9, SIZE, mask_zero=True)(told)
    for name in ALL:
        options = {"kernel_regularizer": "l2"} if name in SCORING else {"initializer_range": 0.3}
        text = keras.layers.Add()([text, made(name, **options)(text, text)])
    query = keras.layers.Embedding(9, SIZE)(told[:, :3])
    text = layers.MultiHeadAttention(2, 4, output_shape=[2, 3])(query, text, use_causal_mask=True)
    model = keras.Model(told, text)
    model.save(tmp_path / "model.keras")
    files = [str(tmp_path / "model.keras"), str(tmp_path / "out.npy")]
    subprocess.run([sys.executable, "-c", READ, *files], check=True, capture_output=True)
    equal([np.load(files[1])], [model(np.arange(14).reshape(2, 7) % 9)])


@pytest.mark.parametrize("name", ALL)
def test_a_config_makes_the_same_layer(name, x):
    layer = made(name)
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    equal([layer(x, x)], [layer(x, x)])
    twin(x, x)
    twin.set_weights(layer.get_weights())
    equal([twin(x, x)], [layer(x, x)])


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("MultiHeadAttention", {"num_heads": 0}, "num_heads must be a whole number above 0"),
        ("MultiHeadAttention", {"key_dim": 2.5}, "key_dim must be a whole number above 0"),
        ("MultiHeadAttention", {"sliding_window": 0}, "sliding_window must be a whole number"),
        ("MultiHeadAttention", {"dropout": 1.0}, "dropout must be at least 0 and below 1"),
        ("MultiHeadAttention", {"position": "sinusoidal"}, "belongs at the embedding"),
        (
            "MultiHeadAttention",
            {"kernel": "fused", "dropout": 0.1},
            "fused has no attention dropout",
        ),
        ("GroupedQueryAttention", {"num_query_heads": 3}, "must be a multiple of"),
        ("SparseAttention", {"part": "summary"}, "strided pattern has no part 'summary'"),
        ("SparseAttention", {"part": "column", "summary_width": 1}, "fixed pattern has no part"),
        ("SparseAttention", {"part": "row"}, "strided pattern has no part 'row'"),
        ("SparseAttention", {"num_groups": 2}, "strided pattern has no groups; found num_groups 2"),
        ("SparseAttention", {"stride": 0}, "stride must be a whole number above 0; found 0"),
        ("LocalAttention", {"ahead": -1}, "ahead must be a whole number, 0 or above; found -1"),
        ("LongformerAttention", {"attention_window": 0}, "attention_window must be a whole"),
        ("BigBirdAttention", {"block_size": 0}, "block_size must be a whole number above 0"),
        ("BigBirdAttention", {"plan": "best"}, "plan must be paper or general; found 'best'"),
        (
            "TransformerXLAttention",
            {"memory_length": -1},
            "memory_length must be a whole",
        ),
        ("TransformerXLAttention", {"dropout": 1.5}, "dropout must be at least 0 and below 1"),
        ("LSHAttention", {"chunk_length": 0}, "chunk_length must be a whole number above 0"),
        ("LSHAttention", {"num_heads": -1}, "num_heads must be a whole number above 0"),
    ],
)
def test_wrong_options_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        made(name, **options)


def test_wrong_inputs_are_refused(x, y):
    with pytest.raises(ValueError, match="query must be `b t d`"):
        made("MultiHeadAttention")(x[None], x)
    with pytest.raises(ValueError, match="7 keys and 5 values"):
        made("MultiHeadAttention")(x, y, x)
    with pytest.raises(ValueError, match="BigBirdAttention is for self-attention"):
        made("BigBirdAttention")(x, y)
    valued = {"kind": "relative_shaw", "max_distance": 3, "values": True}
    with pytest.raises(ValueError, match="needs value_dim to be key_dim"):
        made("MultiHeadAttention", position=valued, value_dim=6)(x, x)
