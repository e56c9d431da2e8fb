"""Layers of the zoo and of Keras with the same weights: the same answers, masks and files."""

import keras
import numpy as np
import pytest
from keras import ops
from test_layers import ALL, LENGTH, OTHER, SIZE, equal, made

from zoo import layers

TWINS = {
    "plain": ("MultiHeadAttention", {"num_heads": 3, "key_dim": 4}),
    "value_dim": ("MultiHeadAttention", {"num_heads": 3, "key_dim": 4, "value_dim": 6}),
    "output_shape": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "output_shape": 5}),
    "two_axes": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "output_shape": (2, 3)}),
    "no_bias": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "use_bias": False}),
    "window": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "sliding_window": 2}),
    "grouped": (
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2},
    ),
    "multi_query": (
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 3, "num_key_value_heads": 1, "use_bias": False},
    ),
    "grouped_window": (
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2, "sliding_window": 3},
    ),
}


def twins(case):
    """Keras's layer and ours, built for cross attention, with the same random weights."""
    name, options = TWINS[case]
    theirs = getattr(keras.layers, name)(**options)
    ours = getattr(layers, name)(**options)
    draw = np.random.default_rng(0)
    for layer in (theirs, ours):
        layer.build((None, None, SIZE), (None, None, SIZE))
    theirs.set_weights([draw.normal(0, 0.4, w.shape) for w in theirs.get_weights()])
    ours.set_weights(theirs.get_weights())
    return theirs, ours


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, LENGTH, SIZE)).astype("float32")


@pytest.fixture
def y(draw):
    return draw.normal(size=(2, OTHER, SIZE)).astype("float32")


def mask_of(*shape):
    """Something can be seen everywhere, also by a causal query in a window."""
    mask = np.random.default_rng(3).random(size=shape) < 0.5
    return mask | (np.arange(shape[-1]) == np.arange(shape[-2])[:, None] % OTHER)


@pytest.mark.parametrize("case", TWINS)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_the_answers_are_those_of_keras(turned, causal, case, x, y):
    theirs, ours = twins(case)
    query, other = (y, x) if turned else (x, y)
    lengths = query.shape[1], other.shape[1]
    row = np.arange(lengths[1])[None] < np.array([[3], [lengths[1]]])
    calls = [
        {"value": query},
        {"value": other},
        {"value": other, "key": other[..., ::-1]},
        {"value": other, "attention_mask": mask_of(2, *lengths) | np.eye(*lengths, dtype=bool)},
        {"value": other, "attention_mask": np.eye(*lengths)},
    ]
    if "window" not in case:  # where a query may see nothing, Keras and we differ
        calls += [{"value": other, "value_mask": row}]
        calls += [{"value": other, "key": -other, "key_mask": row, "value_mask": row[::-1]}]
        calls += [{"value": other, "attention_mask": row[:, None]}]
        calls += [{"value": other, "attention_mask": row[1:]}]
    seeing = min(lengths) if causal or "window" in case else lengths[0]
    for call in calls:
        if lengths[0] > lengths[1] and "attention_mask" in call and len(call["attention_mask"]) > 1:
            seeing = min(lengths)
        found = ours(query, **call, use_causal_mask=causal, return_attention_scores=True)
        wanted = theirs(query, **call, use_causal_mask=causal, return_attention_scores=True)
        equal([found[0][:, :seeing]], [wanted[0][:, :seeing]])
        equal([found[1][:, :, :seeing]], [wanted[1][:, :, :seeing]])
        equal([ours(query, **call, use_causal_mask=causal)], [found[0]])


def test_a_mask_may_differ_by_head(x):
    theirs, ours = twins("plain")
    mask = mask_of(2, 3, LENGTH, LENGTH) | np.eye(LENGTH, dtype=bool)
    equal([ours(x, x, attention_mask=mask)], [theirs(x, x, attention_mask=mask)])


@pytest.mark.parametrize("case", ["plain", "grouped"])
@pytest.mark.parametrize("length", [LENGTH, None])
def test_padding_of_an_embedding_is_not_seen(length, case):
    ids = np.array([[3, 1, 4, 1, 5, 0, 0], [2, 6, 0, 0, 0, 0, 0]])
    told = keras.Input((length,), dtype="int32")
    text = keras.layers.Embedding(9, SIZE, mask_zero=True)(told)
    outs = [layer(text, text, use_causal_mask=True) for layer in twins(case)]
    assert outs[1].shape == (None, length, SIZE)
    theirs, ours = keras.Model(told, outs)(ids)
    equal([ours[ids > 0]], [theirs[ids > 0]])
    after = keras.layers.GlobalAveragePooling1D()  # it reads the mask that goes on
    pooled = keras.Model(told, after(outs[1]))(ids)
    wanted = [np.mean(ops.convert_to_numpy(row)[seen], 0) for row, seen in zip(ours, ids > 0)]
    equal([pooled], [np.stack(wanted)])


def test_a_query_that_may_see_nothing_gives_zeros(x):
    _, ours = twins("no_bias")
    mask = np.ones((2, LENGTH, LENGTH), bool)
    mask[:, 2] = False
    out = ops.convert_to_numpy(ours(x, x, attention_mask=mask))
    assert not out[:, 2].any()
    assert out[:, 3].all()


@pytest.mark.parametrize("case", ["plain", "grouped"])
def test_losses_of_regularizers_are_those_of_keras(case, x):
    (name, options), both = TWINS[case], []
    for package in (keras.layers, layers):
        weights = {"kernel_regularizer": "l2", "bias_regularizer": "l1"}
        if case == "plain":  # Keras's grouped one counts the last projection twice
            weights["activity_regularizer"] = "l2"
        layer = getattr(package, name)(**options, **weights)
        layer.build(x.shape, x.shape)
        layer.set_weights(twins(case)[0].get_weights())
        layer(x, x)
        both.append(sum(layer.losses))
    equal(both[:1], both[1:])


@pytest.mark.parametrize("case", ["two_axes", "grouped"])
def test_weight_files_and_configs_of_keras_are_read(case, x, tmp_path):
    theirs, ours = twins(case)
    told = keras.Input((LENGTH, SIZE))
    model = keras.Model(told, theirs(told, told))
    model.save_weights(tmp_path / "their.weights.h5")
    ours.set_weights([w + 1 for w in ours.get_weights()])
    twin = keras.Model(told, ours(told, told))
    twin.load_weights(tmp_path / "their.weights.h5")
    equal([twin(x)], [model(x)])
    assert ours.from_config(theirs.get_config()).get_config()["name"] == theirs.name
    with pytest.raises(ValueError, match="has no use_gate; found True"):
        ours.from_config({**theirs.get_config(), "use_gate": True})


def test_dropout_follows_the_seed(x):
    def once(seed):
        _, ours = twins("plain")
        layer = layers.MultiHeadAttention(3, 4, dropout=0.5, seed=seed)
        layer.build(x.shape, x.shape)
        layer.set_weights(ours.get_weights())
        equal([layer(x, x)], [ours(x, x)])
        return ops.convert_to_numpy(layer(x, x, training=True))

    equal([once(1)], [once(1)])
    assert np.abs(once(1) - once(2)).max() > 0.1


def test_an_old_trained_model_takes_the_new_layers(x):
    theirs, _ = twins("plain")
    told = keras.Input((LENGTH, SIZE))
    model = keras.Model(told, theirs(told, told, use_causal_mask=True))

    def ours(layer):
        known = isinstance(layer, keras.layers.MultiHeadAttention)
        kind = layers.MultiHeadAttention if known else type(layer)
        return kind.from_config(layer.get_config())

    twin = keras.models.clone_model(model, clone_function=ours)
    twin.set_weights(model.get_weights())
    assert isinstance(twin.layers[-1], layers.MultiHeadAttention)
    equal([twin(x)], [model(x)])


@pytest.mark.parametrize("kernel", ["block_sparse", "fused"])
def test_a_mask_of_pairs_is_kept_whatever_the_kernel(kernel, x):
    mask = np.random.default_rng(3).random(size=(2, LENGTH, LENGTH)) < 0.5
    layer, plain = made("GroupedQueryAttention", kernel=kernel), made("GroupedQueryAttention")
    layer.build(x.shape, x.shape)
    plain.build(x.shape, x.shape)
    plain.set_weights(layer.get_weights())
    equal([layer(x, x, attention_mask=mask)], [plain(x, x, attention_mask=mask)])
    assert np.abs(ops.convert_to_numpy(layer(x, x) - plain(x, x, attention_mask=mask))).max() > 0.01


@pytest.mark.parametrize("name", ALL)
def test_masks_neither_warn_nor_are_lost_to_others(name, recwarn):
    text = keras.layers.Embedding(9, SIZE, mask_zero=True)(np.array([[3, 1, 4, 1, 0, 0, 0]]))
    before = len(recwarn)
    out = made(name)(text, text)
    assert not [w for w in recwarn.list[before:] if "mask" in str(w.message)]
    pool = keras.layers.GlobalAveragePooling1D()
    for each in (text, out):
        equal([pool(each)], [ops.mean(each[:, :4], axis=1)])
