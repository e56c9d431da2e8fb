"""What a model attends to: the weights of every layer, made by the pass that answers."""

import numpy as np
import pytest
from examples import PATTERNS, POSITIONS, VOCABULARY, attention, causal_lm, transformer
from keras import ops

from zoo.attention.global_local import GlobalLocal
from zoo.attention.kernels import Rules
from zoo.attention.kernels._softmax import Softmax
from zoo.attention.kernels._watched import Watched
from zoo.attention.kernels.chunked import Chunked
from zoo.attention.patterns import Pattern
from zoo.backbones import Backbone
from zoo.core.kinds import make
from zoo.core.places import Places
from zoo.core.taps import heard
from zoo.data.sources import Document
from zoo.insight.columns import columns, tokens
from zoo.insight.weights import weights
from zoo.positions import Position
from zoo.tasks import Task
from zoo.tokenizers.bytes import Bytes

HEADS, SIZE, DIM = 2, 4, 8
LONG = 12


def stack(kind="pre_norm", pattern="full", **cross):
    attention = {"kind": "multi_head", "num_heads": HEADS, "head_dim": SIZE}
    block = {"kind": kind, "attention": {**attention, "pattern": pattern}, **cross}
    block["feed_forward"] = {"kind": "plain", "intermediate_dim": 8, "activation": "relu"}
    return {"kind": "transformer", "num_layers": 2, "hidden_dim": DIM, "blocks": [block]}


@pytest.fixture(scope="module")
def translator():
    crossing = {"cross_attention": {"kind": "cross", "num_heads": HEADS, "head_dim": SIZE}}
    decoder = stack("cross_pre_norm", "causal", **crossing)
    node = {"kind": "encoder_decoder", "encoder": stack(), "decoder": decoder}
    backbone = make(Backbone, node, vocabulary_size=VOCABULARY)
    return make(Task, "seq2seq_lm", backbone=backbone)


@pytest.fixture
def inputs(draw):
    """Two texts, the second of 3 tokens and 2 of padding, and 4 tokens of their answers."""
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])
    ids = draw.integers(0, VOCABULARY, (2, 9)).astype("int32")
    source = {"encoder_token_ids": ids[:, :5], "encoder_padding_mask": mask}
    return {**source, "token_ids": ids[:, 5:], "padding_mask": np.ones((2, 4), bool)}


def test_encoder_decoder_and_cross_attention_are_all_there_and_every_row_sums_to_one(
    translator, inputs
):
    found = weights(translator, inputs)
    own = [f"decoder {n} {kind}" for n in (0, 1) for kind in ("attention", "cross_attention")]
    assert list(found) == ["encoder 0 attention", "encoder 1 attention", *own]
    assert found["encoder 1 attention"].weights.shape == (2, HEADS, 5, 5)
    assert found["decoder 1 attention"].weights.shape == (2, HEADS, 4, 4)
    assert found["decoder 0 cross_attention"].weights.shape == (2, HEADS, 4, 5)
    for table in found.values():
        np.testing.assert_allclose(table.weights.sum(axis=-1), 1, atol=1e-6)
    padding = np.broadcast_to(inputs["encoder_padding_mask"][:, None, None], (2, HEADS, 4, 5))
    np.testing.assert_array_equal(found["decoder 0 cross_attention"].hidden, ~padding)
    later = np.broadcast_to(np.triu(np.ones((4, 4), bool), 1), (2, HEADS, 4, 4))
    np.testing.assert_array_equal(found["decoder 0 attention"].hidden, later)
    for table in found.values():
        assert not table.weights[table.hidden].any()
        assert table.weights[~table.hidden].all()


def test_weights_are_the_softmax_of_the_products(translator, inputs):
    block = translator.backbone.encoder.transformer_layers[0]
    x = translator.backbone.encoder.embed({"token_ids": inputs["encoder_token_ids"]})
    x = ops.convert_to_numpy(block.attention_norm(x))
    query, key = (
        np.einsum("btd,dhe->bhte", x, layer.kernel.numpy()) + layer.bias.numpy()[:, None]
        for layer in (block.attention.query, block.attention.key)
    )
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(SIZE)
    scores[1, :, :, 3:] = -np.inf
    wanted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    wanted /= wanted.sum(axis=-1, keepdims=True)
    found = weights(translator, inputs)["encoder 0 attention"].weights
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert wanted.std() > 1e-4


@pytest.mark.parametrize("off_by_one", [False, True])
def test_weights_are_what_each_key_of_value_one_adds(draw, off_by_one):
    """Every kernel is linear in its values: those of an identity give its weights."""
    query, key = draw.normal(size=(2, 1, 6, HEADS, 6)).astype("float32") * 2
    softmax = Softmax(soft_cap=3.0, off_by_one=off_by_one)
    places = Places(np.arange(6, dtype="int32"), np.arange(6, dtype="int32"))
    rules = Rules(places, make(Pattern, "causal"), make(Position, "nope"), softmax=softmax)
    watched = Watched()
    watched(query, key, key, rules)
    identity = np.broadcast_to(np.eye(6, dtype="float32")[:, None], (1, 6, HEADS, 6))
    wanted = ops.transpose(Chunked(4)(query, key, identity, rules), (0, 2, 1, 3))
    (seen,) = watched.seen
    np.testing.assert_allclose(seen.weights, wanted, atol=1e-6)
    assert np.all(np.sum(seen.weights, axis=-1) < 0.99) == off_by_one


def test_the_pass_is_that_of_the_model_and_leaves_it_as_it_was(translator, inputs):
    before = translator(inputs)
    kernels = [layer.attention.kernel for layer in translator.backbone.transformer_layers]
    weights(translator, inputs)
    with pytest.raises(KeyError, match="token_ids"):
        weights(translator, {})
    after = [layer.attention.kernel for layer in translator.backbone.transformer_layers]
    assert after == kernels
    np.testing.assert_array_equal(translator(inputs), before)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("multi_head", {"pattern": {"kind": "local", "back": 2}, "kernel": "block_sparse"}),
        ("multi_head", {"pattern": PATTERNS["heads"], "kernel": "chunked"}),
        ("multi_head", {"kernel": "fused"}),
        ("multi_head", {"num_parallel_heads": 1, "pattern": PATTERNS["big_bird"]}),
        ("multi_head", {"num_key_value_heads": 2, "position": POSITIONS["alibi"]}),
        ("segment_recurrent", {}),
        ("streaming", {}),
        ("global_local", {}),
        ("lsh", {"chunk_length": 2, "num_hashes": 2}),
        ("block_routed", {"window_blocks": 0, "sink_blocks": 0}),
    ],
)
def test_the_tables_are_those_the_model_used_by_its_own_kernel(draw, kind, options):
    """What the layer answers is the sum of its values by these weights."""
    model = causal_lm(transformer(attention=attention(kind, **options), layers=1))
    ids = draw.integers(0, VOCABULARY, (2, LONG)).astype("int32")
    layer = model.backbone.transformer_layers[0].attention
    before = vars(layer).copy()
    table = weights(model, {"token_ids": ids})["layer 0 attention"]
    assert vars(layer) == {**before, "_called": True}
    with heard([layer]) as found:
        model.run({"token_ids": ids})
    ((answer, _),) = found[id(layer)]
    np.testing.assert_allclose(_answer(model, layer, ids, table.weights), answer, atol=1e-5)
    assert table.weights.std() > 1e-3
    assert not table.weights[table.hidden].any()
    places = np.arange(LONG)
    seen = (layer.seen.sized(LONG).allowed(places[:, None], places, head) for head in range(4))
    allowed = np.stack([np.broadcast_to(one, (LONG, LONG)) for one in seen])
    if kind in ("lsh", "block_routed"):
        assert (table.hidden >= ~allowed).all()
        assert table.hidden.mean() > 0.01 + (~allowed).mean()
    else:
        np.testing.assert_array_equal(table.hidden, np.broadcast_to(~allowed, table.hidden.shape))


def _answer(model, layer, ids, table):
    """What a layer makes of its values, `b t d`, when each head adds them up by a table."""
    block = model.backbone.transformer_layers[0]
    x = block.attention_norm(model.backbone.embed({"token_ids": ids}))
    value = np.array(layer.value(x))
    heads = np.einsum("bhqk,bkhe->bqhe", table, np.repeat(value, 4 // value.shape[2], axis=2))
    if isinstance(layer, GlobalLocal):
        apart = np.einsum("bhqk,bkhe->bqhe", table, np.array(layer.value_global(x)))
        heads[:, [2, 6]] = apart[:, [2, 6]]
    return layer.project_back(heads)


def told(text, *support):
    places = [(text.index(one), text.index(one) + len(one)) for one in support]
    return Document("d", np.frombuffer(text.encode(), "uint8"), (), tuple(places))


def test_lines_are_columns_that_know_what_an_answer_follows_from():
    read, names = Bytes().read, ["start", *"A b.↵C d.↵E?↵", "end"]
    found = columns(told("A b.\nC d.\nE?\n", "C d."), read, 1, names)
    assert [tuple(one) for one in found] == [
        ("start", 0, 1, False),
        ("A b.", 1, 6, False),
        ("C d.", 6, 11, True),
        ("E?", 11, 14, False),
        ("end", 14, 15, False),
    ]
    cut = columns(told("A b.\nC d.\nE?\n"), read, 1, names[:8])
    assert [tuple(one)[:3] for one in cut][-1] == ("C d.", 6, 8)


def test_one_line_is_a_column_a_token():
    found = columns(told("abc"), Bytes().read, 0, ["a", "b", "c", "end"])
    assert [one.text for one in found] == ["a", "b", "c", "end"]
    assert [(one.start, one.stop) for one in found] == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_tokens_are_called_by_what_they_stand_for():
    ids = np.frombuffer("a \n\x01é$".encode(), "uint8").astype("int32")
    found = tokens(Bytes(), np.append(ids, Bytes().end_token_id))
    assert found == ["a", "␣", "↵", "\\x01", "�", "�", "$", "end"]
