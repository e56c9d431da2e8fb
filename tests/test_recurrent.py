"""SHA-RNN: equal to the code it was released with, however a text is cut."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from examples import VOCABULARY, attention, causal_lm
from gradients import gradients
from keras import ops

from zoo.backbones import Backbone
from zoo.blocks.feed_forward import FeedForward
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.tasks.causal_lm import CausalLM
from zoo.training.learner import Learner

GOLDEN = Path(__file__).parent / "golden" / "sha_rnn.npz"
ATTENDED = {"kind": "single_head", "head_dim": 16, "memory_length": 6, "initializer_range": 0.3}


def sha_rnn(attended=ATTENDED, wide=32, layers=3, epsilon=1e-12, **options):
    """Attention in the last layer but one."""
    boom = {"kind": "boom", "intermediate_dim": wide, "activation": "gelu_sigmoid"}
    block = {"kind": "recurrent", "feed_forward": boom, "layer_norm_epsilon": epsilon}
    if attended["kind"] == "single_head":
        attended = {**attended, "layer_norm_epsilon": epsilon}
    attending = {**block, "attention": attended}
    blocks = [block] * (layers - 2) + [attending, block]
    sizes = {"num_layers": layers, "hidden_dim": 16, "initializer_range": 0.3}
    return {"kind": "transformer", "blocks": blocks, **sizes, **options}


@pytest.fixture
def ids(draw):
    return draw.integers(0, VOCABULARY, (2, 12)).astype("int32")


def pieces(task, ids, sizes, state=None):
    """Logits of a text read in pieces of these sizes, and the last state."""
    state, parts, first = state or task.initial_state(len(ids)), [], 0
    for size in sizes:
        part, state = task.run({"token_ids": ids[:, first : first + size]}, state)
        parts, first = [*parts, np.array(part)], first + size
    return np.concatenate(parts, axis=1), state


# === The original ===


def load(task, weights):
    """The weights of the released model into ours: `i, f, g, o` both, two biases added."""

    def dense(layer, name):
        layer.kernel.assign(weights[f"{name}.weight"].T)
        layer.bias.assign(weights[f"{name}.bias"])

    def norm(layer, name):
        layer.gamma.assign(weights[f"{name}.weight"])
        layer.beta.assign(weights[f"{name}.bias"])

    task.backbone.token_embedding.embeddings.assign(weights["encoder.weight"])
    task.bias.bias.assign(weights["decoder.bias"])
    for number, block in enumerate(task.backbone.transformer_layers):
        at = f"blocks.{number}"
        cell = block.memory.cell
        cell.kernel.assign(weights[f"{at}.rnn.weight_ih_l0"].T)
        cell.recurrent_kernel.assign(weights[f"{at}.rnn.weight_hh_l0"].T)
        cell.bias.assign(weights[f"{at}.rnn.bias_ih_l0"] + weights[f"{at}.rnn.bias_hh_l0"])
        norm(block.memory_norm, f"{at}.lnstart")
        norm(block.output_norm, f"{at}.lnff")
        norm(block.feed_forward_norm, f"{at}.lnxff")
        dense(block.feed_forward.widen, f"{at}.ff.linear1")
        if attended := block.attention:
            norm(block.attention_norm, f"{at}.lnmid")
            norm(attended.memory_norm, f"{at}.lnmem")
            norm(attended.asked_norm, f"{at}.attn.qln")
            dense(attended.query, f"{at}.attn.q")
            dense(attended.value_gate, f"{at}.attn.vq.l1")
            for name in ("query", "key", "value"):
                scale = weights[f"{at}.attn.{name[0]}s"][0]
                getattr(attended, f"{name}_scale").assign(scale)


def test_it_equals_the_released_model():
    """Same weights, four segments with memory: logits and what is remembered."""
    with np.load(GOLDEN, allow_pickle=False) as file:
        golden = {name: file[name] for name in file.files}
    config = json.loads(str(golden["config"]))
    remembered = config["positions"] - config["length"]
    written = sha_rnn({**ATTENDED, "memory_length": remembered}, config["nhid"], config["nlayers"])
    task = causal_lm(written, output_bias=True)
    weights = {n.removeprefix("weights/"): x for n, x in golden.items() if n.startswith("weights/")}
    load(task, weights)
    state = task.initial_state(2)
    for token_ids, wanted in zip(golden["token_ids"], golden["logits"], strict=True):
        logits, state = task.run({"token_ids": token_ids}, state)
        np.testing.assert_allclose(logits, wanted, atol=1e-5 * np.abs(wanted).max())
    for ours, hidden, cell in zip(state, golden["hidden"], golden["cell"], strict=True):
        np.testing.assert_allclose(ours.hidden, hidden, atol=1e-5)
        np.testing.assert_allclose(ours.cell, cell, atol=1e-5)
    memory = golden["memory"][:, -remembered:]
    np.testing.assert_allclose(state[-2].attended.hidden, memory, atol=1e-4)


# === Time ===


@pytest.mark.parametrize("sizes", [[1] * 12, [5, 4, 3]])
def test_a_text_reads_the_same_however_it_is_cut(sizes, ids):
    task = causal_lm(sha_rnn({**ATTENDED, "memory_length": 12}))
    whole = np.array(task({"token_ids": ids}))
    np.testing.assert_allclose(pieces(task, ids, sizes)[0], whole, atol=2e-5)


def test_padding_passes_what_is_remembered_through(ids):
    """A row of five tokens and padding leaves what five tokens leave."""
    task = causal_lm(sha_rnn())
    _, before = pieces(task, ids[:, :4], [4])
    mask = np.arange(8)[None] < np.array([[5], [0]])
    logits, state = task.run({"token_ids": ids[:, 4:], "padding_mask": mask}, before)
    wanted, after = task.run({"token_ids": ids[:, 4:9]}, before)
    np.testing.assert_allclose(logits[0, :5], wanted[0], atol=1e-5)
    flat = zip(*(keras.tree.flatten(each) for each in (state, after, before)))
    for found, read, untouched in flat:
        np.testing.assert_allclose(found[0], read[0], atol=1e-5)
        np.testing.assert_array_equal(found[1], untouched[1])


def test_it_remembers_by_attention_and_without(ids):
    """Poked tokens far back move the present, with no attention in sight of them too."""
    task, poked = causal_lm(sha_rnn({**ATTENDED, "memory_length": 2})), ids.copy()
    poked[:, 0] = (poked[:, 0] + 1) % VOCABULARY
    found = [pieces(task, each, [4, 4, 4])[0][:, -1] for each in (ids, poked)]
    assert np.abs(found[0] - found[1]).max() > 1e-6


def test_a_restart_forgets_everything(ids):
    learner = Learner(causal_lm(sha_rnn()), 2)
    first = np.array(learner({"token_ids": ids}))
    kept = np.array(learner({"token_ids": ids}))
    again = np.array(learner({"token_ids": ids, "restart": np.array([True, False])}))
    np.testing.assert_allclose(again[0], first[0], atol=1e-5)
    assert np.abs(kept[0] - first[0]).max() > 1e-3
    assert np.abs(again[1] - first[1]).max() > 1e-3


# === Training ===


def loss_of(task, ids, state):
    def loss():
        hidden, _ = task.encode({"token_ids": ops.convert_to_tensor(ids[:, :-1])}, state)
        return task.measure(hidden, ids[:, 1:], np.ones((2, ids.shape[1] - 1), "float32"))[0]

    return loss


@pytest.mark.parametrize("jit", [False, True])
def test_a_gradient_reaches_every_weight(jit, ids):
    task = causal_lm(sha_rnn(wide=24), output_bias=True)  # the second part of two is half as wide
    _, state = pieces(task, ids[:, :4], [4])
    _, *found = gradients(loss_of(task, ids[:, 4:], state), task, jit=jit)
    paths = [weight.path for weight in task.trainable_weights]
    # What every key has in common shifts all scores of a query alike, but values have it too.
    assert [path for path, x in zip(paths, found) if np.abs(x).max() < 1e-8] == []
    assert all(np.abs(x).reshape(-1, x.shape[-1]).max(0).all() for x in found if x.ndim > 1)


def test_no_gradient_flows_into_what_is_remembered(ids):
    """Tokens of an earlier segment, which no later one repeats, learn nothing from it."""
    task = causal_lm(sha_rnn())
    ids = ids % 10
    early, late = ids[:, :6] + 20, ops.convert_to_tensor(ids[:, 6:])

    def loss():
        state = task.initial_state(2)
        _, state = task.encode({"token_ids": ops.convert_to_tensor(early)}, state)
        hidden, _ = task.encode({"token_ids": late}, state)
        return ops.sum(hidden[:, :, 0])

    _, *found = gradients(loss, task)
    table = dict(zip([w.path for w in task.trainable_weights], found, strict=True))
    learned = next(x for path, x in table.items() if path.endswith("embeddings"))
    assert np.abs(learned[20:]).max() == 0
    assert np.abs(learned[:10]).max() > 0


@pytest.mark.parametrize(
    ("memory", "dtype"), [("none", "float32"), ("checkpoint", "mixed_bfloat16")]
)
def test_it_trains_under_xla(memory, dtype, ids):
    written = sha_rnn(layers=2, dropout=0.1, memory=memory)
    task = CausalLM(make(Backbone, written, vocabulary_size=VOCABULARY, dtype=dtype))
    learner = Learner(task, 2)
    learner.compile(keras.optimizers.Adam(1e-2), jit_compile=True)
    batch = {"token_ids": ids[:, :-1]}, ids[:, 1:], np.ones((2, 11), "float32")
    losses = [np.ravel(learner.train_on_batch(*batch))[0] for _ in range(12)]
    assert losses[-1] < losses[0] - 0.2


def test_any_attention_may_stand_in_a_recurrent_block(ids):
    task = causal_lm(sha_rnn(attention("segment_recurrent", memory_length=12)))
    assert task.backbone.memory_length == 12
    np.testing.assert_allclose(pieces(task, ids, [5, 7])[0], task({"token_ids": ids}), atol=2e-5)


# === Parts ===


def test_the_boom_adds_up_its_parts(draw):
    layer = make(FeedForward, {"kind": "boom", "intermediate_dim": 8, "activation": "relu"})
    x = draw.normal(size=(1, 2, 3)).astype("float32")
    found = np.array(layer(x))
    kernel, bias = (ops.convert_to_numpy(weight) for weight in layer.weights)
    wide = np.maximum(x @ kernel + bias, 0)
    wanted = wide[..., :3] + wide[..., 3:6] + np.pad(wide[..., 6:], ((0, 0), (0, 0), (0, 1)))
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert len(layer.weights) == 2


@pytest.mark.parametrize("wrong", [{"head_dim": 12}, {"num_heads": 3}, {"num_parallel_heads": 1}])
def test_heads_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ZooError, match="keys are not projected"):
        causal_lm(sha_rnn({**ATTENDED, **wrong}))


def test_it_survives_its_config():
    task = causal_lm(sha_rnn())
    twin = type(task).from_config(task.get_config())
    assert twin.get_config() == task.get_config()
    assert [w.shape for w in twin.weights] == [w.shape for w in task.weights]
