"""Blocks and feed-forward networks, and what training keeps of a stack of them."""

import keras
import numpy as np
import pytest
from examples import INSIDE, POSITIONS, VOCABULARY, attention, transformer
from gradients import gradients, near
from graphs import reads_graphs
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones._memory import run
from zoo.blocks import Block
from zoo.blocks.feed_forward import FeedForward
from zoo.core.activations import ACTIVATIONS
from zoo.core.errors import ZooError
from zoo.core.kinds import kinds, make
from zoo.tasks.causal_lm import CausalLM
from zoo.training.learner import Learner

MEMORY = ["none", "checkpoint", "reversible"]
KEPT = [
    ("pre_norm", "checkpoint"),
    ("reversible", "checkpoint"),
    ("reversible", "reversible"),
    ("grover", "checkpoint"),
]


def block(kind, **options):
    parts = {"attention": attention(), "feed_forward": feed_forward()}
    return make(Block, {"kind": kind, **parts, **options})


def feed_forward(kind="plain", **options):
    return {"kind": kind, "intermediate_dim": 24, "initializer_range": 0.3, **options}


@pytest.fixture
def x(draw):
    return draw.normal(size=(2, 9, 16)).astype("float32")


def test_parallel_blocks_normalise_once(x):
    ours = block("parallel")
    found, _ = ours(x)
    normal = ours.attention_norm(x)
    near(found, x + ours.attention(normal)[0] + ours.feed_forward(normal))
    assert len([w for w in ours.weights if w.name == "gamma"]) == 1


def test_reversible_blocks_are_the_published_ones_and_can_be_undone(x, draw):
    """families.md, section 5: X2 = Y2 - FF(LN Y1), X1 = Y1 - Attn(LN X2)."""
    ours = block("reversible")
    first, second = x, draw.normal(size=x.shape).astype("float32")
    found, _ = ours(np.concatenate([first, second], -1))
    one, two = ops.split(found, 2, axis=-1)
    near(one, first + ours.attention(ours.attention_norm(second))[0])
    near(two, second + ours.feed_forward(ours.feed_forward_norm(one)))
    back = two - ours.feed_forward(ours.feed_forward_norm(one))
    near(back, second)
    near(one - ours.attention(ours.attention_norm(back))[0], first)


def test_rms_norm_divides_by_the_root_mean_square_alone(x):
    ours = block("pre_norm", norm="rms_norm")
    ours.build((None, None, 16))
    x = x + 3
    near(ours.attention_norm(x), x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5))
    final = transformer(attention=attention(), final_norm=True, norm="rms_norm")
    names = [w.path for w in make(Backbone, final, vocabulary_size=5).weights]
    assert [name for name in names if "output_norm/beta" in name] == []


@pytest.mark.parametrize(
    ("kind", "formula"),
    [
        ("squared_relu", lambda x: np.maximum(x, 0) ** 2),
        ("gelu_sigmoid", lambda x: x / (1 + np.exp(-1.702 * x))),
        ("hard_swish", lambda x: x * np.clip(x + 3, 0, 6) / 6),
    ],
)
def test_activations_are_their_formulas(kind, formula, x):
    near(ACTIVATIONS[kind](x), formula(x), 1e-6)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("kind", kinds("blocks/feed_forward"))
def test_chunks_of_a_feed_forward_equal_the_whole(kind, jit, x):
    """Also the last, shorter one; values and all gradients."""
    whole, cut = (make(FeedForward, feed_forward(kind, chunk_size=size)) for size in (None, 4))
    for layer in (whole, cut):
        layer.build((None, None, 16))
    cut.set_weights(whole.get_weights())
    near(cut(x), whole(x))
    one, two = (gradients(squares(layer), layer, x, jit=jit) for layer in (whole, cut))
    for found, wanted in zip(two, one):
        near(found, wanted)


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


def squares(layer):
    return lambda x: ops.sum(layer(x) ** 2)


def learner(block, memory, layers=2, dropout=0.0, position="relative_xl", dtype=None, **options):
    keras.utils.set_random_seed(1)
    written = transformer(
        block,
        layers,
        attention=attention(position=POSITIONS[position], dropout=dropout, **options),
        feed_forward=feed_forward(dropout=dropout),
        final_norm=True,
        dropout=dropout,
        memory=memory,
    )
    written["blocks"]["dropout"] = dropout
    backbone = make(Backbone, written, vocabulary_size=VOCABULARY, dtype=dtype)
    return Learner(CausalLM(backbone), 2, dtype=dtype)


def trained(ours, draw, jit=False, mask=True):
    ids = draw.integers(0, VOCABULARY, (2, 10)).astype("int32")
    inputs = {"token_ids": ids[:, :-1]}
    if mask:
        inputs["padding_mask"] = np.arange(9)[None] < np.array([[9], [6]])
    weights = np.ones((2, 9), "float32")

    def loss():
        return ours.compute_loss(inputs, ids[:, 1:], ours(inputs, training=True), weights)

    return gradients(loss, ours, jit=jit)


@pytest.mark.parametrize(
    ("block", "memory", "kind", "dropout", "jit"),
    [
        *[(*kept, "multi_head", 0.3, False) for kept in KEPT],
        slow(*KEPT[2], "segment_recurrent", 0.3, True),
        *[slow(*kept, "multi_head", 0.0, False) for kept in KEPT],
        *[slow(*kept, "segment_recurrent", 0.3, True) for kept in KEPT[:2]],
    ],
)
def test_what_is_kept_changes_no_gradient(block, memory, kind, dropout, jit, draw):
    """With padding, dropout and a state, over two steps: the seeds move on alike."""
    plain, ours = (learner(block, m, dropout=dropout, kind=kind) for m in ("none", memory))
    for _ in range(2):
        first = np.random.default_rng(0)
        second = np.random.default_rng(0)
        one, two = trained(plain, first, jit), trained(ours, second, jit)
        assert len(one) > 25
        for found, wanted in zip(two, one):
            near(found, wanted)
    if dropout:
        again = trained(ours, np.random.default_rng(0), jit)
        assert abs(again[0] - two[0]) > 1e-4


def test_what_is_hashed_again_falls_into_the_same_buckets():
    """New rotations every step, dropout inside: the second time is the first."""
    written = {"kind": "lsh", "num_hashes": 2, "chunk_length": 4, "position": "nope"}
    plain, ours = (learner("reversible", m, dropout=0.3, **written) for m in ("none", "reversible"))
    for _ in range(2):
        one, two = (trained(model, np.random.default_rng(0)) for model in (plain, ours))
        for found, wanted in zip(two, one):
            near(found, wanted)


@pytest.mark.parametrize("position", INSIDE)
def test_reversed_gradients_reach_the_tables_of_every_position(position):
    plain, ours = (learner("reversible", m, position=position) for m in ("none", "reversible"))
    one, two = (trained(model, np.random.default_rng(0)) for model in (plain, ours))
    for found, wanted in zip(two, one):
        near(found, wanted)


def source(tensor):
    """Where a tensor comes from, seen through identities."""
    while tensor.op.type in ("Identity", "IdentityN"):
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor


def behind(tensors):
    """All operations that tensors need."""
    found, ahead = set(), [tensor.op for tensor in tensors]
    while ahead:
        op = ahead.pop()
        if op not in found:
            found.add(op)
            ahead += [tensor.op for tensor in op.inputs]
    return found


def left_over(memory, layers):
    """How many bytes the forward pass of a step leaves for the backward pass, weights aside."""
    import tensorflow as tf

    ours, ids = learner("reversible", memory, layers, dropout=0.2), np.ones((2, 9), "int32")

    @tf.function
    def step(ids):
        with tf.GradientTape() as tape:
            hidden = ours({"token_ids": ids}, training=True)
            loss = ours.compute_loss(None, ids, hidden, tf.ones((2, 9)))
        return loss, tape.gradient(loss, [v.value for v in ours.trainable_variables])

    loss, *found = step.get_concrete_function(tf.constant(ids)).graph.outputs
    forward = behind([loss])
    backward = behind(found) - forward
    read = {source(x).ref() for op in backward for x in op.inputs if x.op in forward}
    kept = [ref.deref() for ref in read]
    kept = [x for x in kept if x.op.type not in ("ReadVariableOp", "Const", "Placeholder")]
    return sum(x.shape.num_elements() * x.dtype.size for x in kept)


@reads_graphs
def test_a_reversible_stack_keeps_the_same_however_deep_it_is():
    """But for the seeds of dropout. Checkpoints keep one input, two streams wide, a block."""
    found = {memory: [left_over(memory, n) for n in (2, 5)] for memory in MEMORY}
    grown = {memory: (deep - shallow) / 3 for memory, (shallow, deep) in found.items()}
    stream, seeds = 2 * 9 * 16 * 4, 64
    assert grown["reversible"] <= seeds
    assert 2 * stream <= grown["checkpoint"] <= 2 * stream + seeds
    assert grown["none"] > 10 * stream


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
def test_streams_stay_in_float32_in_every_precision(dtype, memory):
    whole, half = (learner("reversible", memory, dtype=policy) for policy in (None, dtype))
    half.set_weights(whole.get_weights())
    one, two = (trained(model, np.random.default_rng(0)) for model in (whole, half))
    for found, wanted in zip(two, one):
        near(np.asarray(found, "float32"), wanted, 0.1)
    ours = half.task.backbone.transformer_layers[0]
    out, _ = ours(np.ones((2, 9, 32), "float32"))
    assert keras.backend.standardize_dtype(out.dtype) == "float32"


@pytest.mark.parametrize(("memory", "jit"), [("checkpoint", False), ("reversible", True)])
def test_models_fit_whatever_they_keep(memory, jit, draw):
    ids, losses = draw.integers(0, VOCABULARY, (2, 10)), []
    for kept in ("none", memory):
        ours = learner("reversible", kept, layers=1, dropout=0.1, position="nope")
        ours.compile(keras.optimizers.SGD(0.1), jit_compile=jit)
        batch = {"token_ids": ids[:, :-1]}, ids[:, 1:], np.ones((2, 9), "float32")
        losses.append([ours.train_on_batch(*batch) for _ in range(5)])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    assert losses[1][4] < losses[1][0]


def test_a_task_of_keras_recomputes_too(monkeypatch):
    """Calling the model and running it are the same forward pass."""
    from zoo.backbones import transformer as module

    seen, task = [], learner("reversible", "checkpoint").task
    monkeypatch.setattr(
        module, "run", lambda memory, *rest: seen.append(memory) or run(memory, *rest)
    )
    ids = np.ones((2, 5), "int32")
    inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids, bool)}
    answers = [task(inputs), task(inputs, training=True), task.backbone(inputs, training=True)]
    assert seen == ["none", "checkpoint", "checkpoint"]
    near(answers[1], answers[0])


def test_streams_can_be_joined_side_by_side():
    written = transformer("reversible", attention=attention(), join_streams="concatenate")
    assert make(Backbone, written, vocabulary_size=5).output.shape[-1] == 32


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"memory": "reversible"},
            "memory: reversible needs blocks of kind reversible, found pre_",
        ),
        (
            {"blocks": ["pre_norm", "reversible"]},
            "found pre_norm and reversible: they need streams",
        ),
    ],
)
def test_blocks_that_cannot_are_refused(change, told):
    written = transformer(attention=attention())
    kinds = change.pop("blocks", ["pre_norm"])
    written["blocks"] = [{**written["blocks"], "kind": kind} for kind in kinds]
    with pytest.raises(ZooError, match=told):
        make(Backbone, {**written, **change}, vocabulary_size=5)


def test_side_by_side_streams_cannot_be_scored_by_embeddings():
    written = transformer("reversible", attention=attention(), join_streams="concatenate")
    backbone = make(Backbone, written, vocabulary_size=5)
    with pytest.raises(ValueError, match="needs hidden states of 16 features"):
        CausalLM(backbone)
    ids = np.ones((1, 3), "int32")
    logits, _ = CausalLM(backbone, tie_embeddings=False).run({"token_ids": ids})
    assert logits.shape == (1, 3, 5)
