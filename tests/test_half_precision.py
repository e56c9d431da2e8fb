"""Under mixed_bfloat16, softmax, norms and losses are computed in float32."""

from pathlib import Path

import pytest
import small_files
import tensorflow as tf

import zoo
from zoo.recipe import build
from zoo.training import loop

ROUNDED = {
    *("Softmax", "LogSoftmax", "Exp", "Log", "Log1p", "Rsqrt", "Sqrt", "SquaredDifference"),
    *("SparseSoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits", "FusedBatchNormV3"),
}
"""What softmax, norms and losses are made of."""
HALF = (tf.bfloat16.as_datatype_enum, tf.float16.as_datatype_enum)
CHUNKED = "model.blocks.attention.kernel={kind: chunked, block_size: 8}"
RECIPES = [
    ("quickstart",),
    ("gpt_chars",),
    ("gpt_chars", CHUNKED),
    ("masked_word_pieces",),
    ("reformer_chars",),
    ("reverse",),
    ("vit_cifar", "data.source.path=f.npz"),
    ("resnet_cifar", "data.source.path=f.npz"),
]


def halved(function, *arguments):
    """The operations of a graph that round what must not be."""
    graph = tf.function(function, autograph=False).get_concrete_function(*arguments).graph
    written = graph.as_graph_def()
    nodes = [*written.node, *(n for one in written.library.function for n in one.node_def)]
    return sorted({node.op for node in nodes if node.op in ROUNDED and _half(node)})


def _half(node):
    kinds = [node.attr[name].type for name in ("T", "U") if name in node.attr]
    return bool(kinds) and all(kind in HALF for kind in kinds)


@pytest.mark.parametrize(("name", "told"), [(name, told) for name, *told in RECIPES])
def test_what_must_not_be_rounded_is_not(name, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_files.write_pictures(Path("f.npz"))
    recipe = zoo.load_recipe(name, ["training.precision=mixed_bfloat16", *told], tiny=True)
    text = build.text(recipe)
    learner = loop.compiled(build.task(recipe), text.batching.batch_size, build.training(recipe))
    batch = text.batching.batch(text.train, 0)

    def step(inputs, targets, weights):
        hidden = learner(inputs, training=True)
        return learner.compute_loss(inputs, targets, hidden, weights)

    assert halved(step, *map(tf.nest.map_structure, [tf.constant] * 3, batch)) == []


def test_what_is_rounded_is_seen():
    assert halved(lambda x: tf.exp(x), tf.ones(2, "bfloat16")) == ["Exp"]
    assert halved(lambda x: tf.exp(x), tf.ones(2)) == []


def test_bfloat16_is_not_compiled_on_a_cpu_unless_it_is_asked_for():
    def compiled(*told):
        settings = build.training(zoo.load_recipe("gpt_chars", [*told], tiny=True))
        return loop.by_xla.__wrapped__(settings)

    half = "training.precision=mixed_bfloat16"
    assert compiled()
    assert not compiled(half)
    assert compiled(half, "training.jit_compile=true")
    assert not compiled("training.jit_compile=false")
