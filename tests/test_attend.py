"""What the tokens of a text looked at, told by a SavedModel: the weights `zoo explain` shows."""

import numpy as np
import pytest
import tensorflow as tf
from bad_input import refused, says
from examples import attention, transformer
from test_signatures import asked, given, read
from test_tokenizers import learned

from zoo.backbones import Backbone
from zoo.core.kinds import make
from zoo.data.batching.labelled import Labelled
from zoo.insight.weights import weights
from zoo.serving.export import by_default
from zoo.serving.signatures import Served, strings_in
from zoo.serving.signatures.attend import Attend
from zoo.tasks import Task

TEXTS = ["the license", "copy this license, and change it"]
LENGTH, MOST, LONG = 24, 16, 1024
SPREAD = {"initializer_range": 0.3}
NODES = [
    attention(pattern="full", position="rotary"),
    attention(pattern={"kind": "big_bird", "block_size": 2, "num_heads": 4}, position="alibi"),
    attention("global_local", pattern={"kind": "longformer", "positions": [0]}),
    attention("lsh", chunk_length=4, pattern="full"),
    attention("block_routed", pattern="full"),
]


@pytest.fixture(scope="module")
def words():
    return learned("word_piece")


def classifier(words, node):
    backbone = transformer(attention=node)
    made = make(Backbone, backbone, vocabulary_size=words.vocabulary_size)
    return make(Task, {"kind": "text_classifier", "num_classes": 2, **SPREAD}, backbone=made)


@pytest.fixture(scope="module")
def full(words):
    task = classifier(words, NODES[0])
    return asked(task, words, {"kind": "attend", "max_tokens": MOST})


def traced(task, words, batching):
    function, specs = strings_in(Attend(max_tokens=MOST), Served(task, words, batching))
    return tf.function(function, autograph=False).get_concrete_function(*specs)


def ask(function, texts, layer, head):
    inputs = tf.constant(texts), tf.constant(layer), tf.constant(head)
    return {name: x.numpy() for name, x in function(*inputs).items()}


@pytest.mark.parametrize("node", NODES, ids=lambda node: node["kind"])
def test_a_map_is_what_the_live_model_looked_at(words, node):
    task = classifier(words, node)
    batching = Labelled(["no", "yes"], sequence_length=LENGTH, batch_size=1)
    attend = traced(task, words, batching)
    for text in TEXTS:
        inputs = batching.frame(words).rows([read(words, text)])
        size = int(inputs["padding_mask"].sum())
        assert size < MOST < LENGTH
        if node is NODES[0]:  # all see all: as `zoo explain` shows it, without padding
            inputs = {name: x[:, :size] for name, x in inputs.items()}
        live = weights(task, inputs)
        for layer, head in ((0, 1), (1, 3), (1, -1)):
            found = ask(attend, [text], [layer], [head])
            table = live[f"layer {layer} attention"]
            own, seen = table.weights[0, :, :size, :size], ~table.hidden[0, :, :size, :size]
            own, seen = (own.mean(0), seen.any(0)) if head < 0 else (own[head], seen[head])
            np.testing.assert_allclose(found["weights"][0], own, atol=1e-5)
            np.testing.assert_array_equal(found["seen"][0], seen)
            np.testing.assert_allclose(own.sum(-1), 1, atol=1e-5)
            assert own.std() > 1e-3


def test_nothing_is_as_large_as_the_rows_of_a_model_squared(words):
    node = attention(pattern={"kind": "local", "back": 9, "ahead": 9})
    batching = Labelled(["no", "yes"], sequence_length=LONG, batch_size=1)
    attend = traced(classifier(words, node), words, batching)
    graphs = [attend.graph, *(one.graph for one in attend.graph._functions.values())]
    shapes = [x.shape for one in graphs for op in one.get_operations() for x in op.outputs]
    sizes = [[size or 0 for size in shape] for shape in shapes if shape.rank]
    assert any(LONG in one for one in sizes)
    assert not [one for one in sizes if sum(size >= LONG for size in one) > 1]
    assert ask(attend, ["it"], [1], [0])["weights"].shape[1] < MOST


def test_texts_may_be_asked_together_and_by_their_ids(words, full):
    texts = ["it", "change it", "copy"]
    found = ask(full["attend"], texts, [0, 1, 1], [0, 2, -1])
    wanted = tf.constant([0, 1, 1]), tf.constant([0, 2, -1])
    by_ids = {
        name: x.numpy() for name, x in full["attend_ids"](*given(words, texts), *wanted).items()
    }
    for row, (text, layer, head) in enumerate(zip(texts, [0, 1, 1], [0, 2, -1])):
        alone = ask(full["attend"], [text], [layer], [head])
        size = alone["tokens"].shape[1]
        for several in (found["weights"], by_ids["weights"]):
            np.testing.assert_allclose(several[row, :size, :size], alone["weights"][0], atol=1e-6)
            assert not several[row, size:].any()
        assert found["seen"][row].sum() == size**2
    assert by_ids["tokens"].tolist() == found["tokens"].tolist()
    pieces = [words.pieces()[token] for token in read(words, texts[1])]
    assert found["tokens"][1].tolist() == [b"[start]", *pieces, b"[end]"]
    assert found["num_heads"].tolist() == [[4, 4]] * 3


@pytest.mark.parametrize(
    ("texts", "layer", "head", "wanted"),
    [
        (["copy " * 20], 0, 0, "text: too long, what its tokens looked at is told of up to 16"),
        (["copy"] * 30, 0, 0, "text: found too many texts"),
        (["copy"], 2, 0, "layer: expected 0 to 1"),
        (["copy"], -1, 0, "layer: expected 0 to 1"),
        (["copy"], 1, 4, "head: expected -1, for the mean"),
        (["copy"], 1, -2, "head: expected -1, for the mean"),
    ],
)
def test_what_cannot_be_told_is_refused(full, texts, layer, head, wanted):
    with pytest.raises(tf.errors.InvalidArgumentError, match=wanted):
        ask(full["attend"], texts, [layer], [head])


def test_attention_that_makes_no_table_keeps_nothing_else_from_being_exported(words, monkeypatch):
    task = classifier(words, NODES[0])
    assert by_default(Served(task, words)) == ["classify", "attend", "embed", "tokenize"]
    layer = task.backbone.transformer_layers[1].attention
    monkeypatch.setattr(layer, "compute", lambda query, key, value, *_: value)
    assert by_default(Served(task, words)) == ["classify", "embed", "tokenize"]
    says(refused(asked, task, words, "attend"), "layer 1 attention: multi_head makes no table")
