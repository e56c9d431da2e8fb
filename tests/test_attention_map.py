"""What a run attends to: the weights of every layer, made by the pass that answers."""

import numpy as np
import pytest
import small_files
from examples import VOCABULARY, attention, causal_lm, transformer
from keras import ops
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.attention.kernels import Rules
from zoo.attention.kernels._softmax import Softmax
from zoo.attention.kernels._watched import Watched
from zoo.attention.kernels.chunked import Chunked
from zoo.attention.patterns import Pattern
from zoo.backbones import Backbone
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.core.places import Places
from zoo.data.sources import Document
from zoo.positions import Position
from zoo.results.attention import columns, weights
from zoo.tasks import Task
from zoo.tokenizers.bytes import Bytes

HEADS, SIZE, DIM = 2, 4, 8


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
    assert found["encoder 1 attention"].shape == (2, HEADS, 5, 5)
    assert found["decoder 1 attention"].shape == (2, HEADS, 4, 4)
    assert found["decoder 0 cross_attention"].shape == (2, HEADS, 4, 5)
    for table in found.values():
        np.testing.assert_allclose(table.sum(axis=-1), 1, atol=1e-6)
    assert not found["decoder 0 cross_attention"][1, :, :, 3:].any()
    assert not np.triu(found["decoder 0 attention"][0, 0], 1).any()


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
    found = weights(translator, inputs)["encoder 0 attention"]
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
    np.testing.assert_allclose(watched.seen[0], wanted, atol=1e-6)
    assert np.all(np.sum(watched.seen[0], axis=-1) < 0.99) == off_by_one


def test_the_pass_is_that_of_the_model_and_leaves_it_as_it_was(translator, inputs):
    before = translator(inputs)
    kernels = [layer.attention.kernel for layer in translator.backbone.transformer_layers]
    weights(translator, inputs)
    with pytest.raises(KeyError, match="token_ids"):
        weights(translator, {})
    after = [layer.attention.kernel for layer in translator.backbone.transformer_layers]
    assert after == kernels
    np.testing.assert_array_equal(translator(inputs), before)


def test_attention_without_a_table_is_refused():
    model = causal_lm(transformer(attention=attention("lsh", chunk_length=2)))
    with pytest.raises(ZooError, match="layer 0 attention: lsh makes no single table"):
        weights(model, {"token_ids": np.zeros((1, 8), "int32")})


def told(text, *support):
    places = [(text.index(one), text.index(one) + len(one)) for one in support]
    return Document("d", np.frombuffer(text.encode(), "uint8"), (), tuple(places))


def test_lines_are_columns_that_know_what_an_answer_follows_from():
    found = columns(told("A b.\nC d.\nE?\n", "C d."), Bytes(), 1, 15)
    assert [tuple(one) for one in found] == [
        ("start", 0, 1, False),
        ("A b.", 1, 6, False),
        ("C d.", 6, 11, True),
        ("E?", 11, 14, False),
        ("end", 14, 15, False),
    ]
    assert [one.text for one in columns(told("A b.\nC d.\nE?\n"), Bytes(), 1, 8)][-1] == "C d."


def test_one_line_is_a_column_a_token():
    found = columns(told("abc"), Bytes(), 0, 4)
    assert [one.text for one in found] == ["a", "b", "c", "end"]
    assert [(one.start, one.stop) for one in found] == [(0, 1), (1, 2), (2, 3), (3, 4)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """An encoder and decoder, a classifier and a language model, after one step at toy sizes."""
    folder = tmp_path_factory.mktemp("runs")
    files = small_files.write(folder)
    for name, source in (
        ("babi_reasoning", small_files.overrides("babi_reasoning", files)),
        ("soft_reasoner", []),
        ("copy", []),
    ):
        quick = [
            "training.steps=1",
            "training.schedule.warmup_steps=0",
            "training.validate_every=1",
        ]
        quick += ["training.jit_compile=false", *source]
        zoo.train(zoo.load_recipe(name, quick, tiny=True), folder / name)
    return folder


def test_a_held_out_story_is_drawn_with_what_its_answer_follows_from(runs, tmp_path):
    picture, run = tmp_path / "new" / "reads.png", str(runs / "babi_reasoning")
    told = CliRunner().invoke(cli.app, ["attention", run, "--document", "0", "--to", str(picture)])
    assert told.exit_code == 0, told.output
    assert picture.read_bytes()[:4] == b"\x89PNG"
    found = zoo.attention_map(run, document=0)
    assert f"answer: {found.answer}\n" in told.output or not found.answer
    crossing = found.columns["decoder 0 cross_attention"]
    assert crossing == found.columns["encoder 0 attention"]
    assert [one.text for one in crossing][::4] == ["start", "end"]
    assert [one.supports for one in crossing].count(True) == 1
    assert found.columns["decoder 0 attention"][0].text == "start"
    for name in found.weights:
        assert f"{name}: most to " in told.output
        np.testing.assert_allclose(found.by_column(name).sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [
        (
            "soft_reasoner",
            "Bob is big.\nBob is big?",
            ["start", "Bob is big.", "Bob is big?", "end"],
        ),
        ("copy", "abc", ["start", "a", "b", "c"]),
    ],
)
def test_models_of_one_stack_are_looked_at_too(runs, name, text, columns):
    found = zoo.attention_map(runs / name, text)
    assert list(found.weights) == ["layer 0 attention"]
    assert [one.text for one in found.columns["layer 0 attention"]] == columns
    np.testing.assert_allclose(found.by_column("layer 0 attention").sum(axis=1), 1, atol=1e-5)
    assert not found.answer


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], "expected a text, or the number of a held-out document"),
        (["A text.", "--document", "0"], "one of them"),
        (["--document", "20"], "document: found 20, expected 0 to 19"),
        ([""], "found a text of 0 tokens, expected 1 to 2,048"),
        (["a b c d " * 600], "found a text of 2,400 tokens, expected 1 to 2,048"),
        (["A text.", "--to", "reads.jpg"], "--to: found reads.jpg, expected a file that ends in"),
    ],
)
def test_what_cannot_be_looked_at_is_told(runs, tmp_path, monkeypatch, arguments, wanted):
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(cli.app, ["attention", str(runs / "babi_reasoning"), *arguments])
    assert isinstance(told.exception, ZooError)
    assert wanted in str(told.exception)
