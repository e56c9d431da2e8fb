"""Translation by long short-term memory: equal to its formulas, cached as uncached."""

import keras
import numpy as np
import pytest
from examples import VOCABULARY, sees_of_its_source, token_by_token
from gradients import gradients
from keras import ops, tree

from zoo.attention.scorers import Scorer, look
from zoo.backbones import Backbone
from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.core.kinds import kinds, make
from zoo.tasks.seq2seq_lm import Seq2SeqLM

SCORERS = kinds("attention/scorers")


def written(attention="additive", layers=4, residual=2, **options):
    sizes = {"num_layers": layers, "hidden_dim": 8, "num_residual_layers": residual}
    spread = {"initializer_range": 0.5}
    attention = {"kind": attention, **spread}
    return {"kind": "lstm_encoder_decoder", "attention": attention, **sizes, **spread, **options}


def seq2seq(*arguments, tie_embeddings=False, vocabulary_size=VOCABULARY, **options):
    made = make(Backbone, written(*arguments, **options), vocabulary_size=vocabulary_size)
    return Seq2SeqLM(made, tie_embeddings=tie_embeddings)


@pytest.fixture
def inputs(draw):
    return {
        "encoder_token_ids": draw.integers(0, VOCABULARY, (2, 6)).astype("int32"),
        "encoder_padding_mask": np.arange(6)[None] < np.array([[6], [4]]),
        "token_ids": draw.integers(0, VOCABULARY, (2, 5)).astype("int32"),
    }


# === Formulas ===


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def numbers(weight):
    return ops.convert_to_numpy(weight).astype("float64")


def cell(layer, x, state):
    """One step of a Keras LSTM in NumPy: i, f, c, o."""
    kernel, recurrent, bias = (numbers(weight) for weight in layer.weights[:3])
    i, f, c, o = np.split(x @ kernel + state[0] @ recurrent + bias, 4, axis=-1)
    memory = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(c)
    return sigmoid(o) * np.tanh(memory), memory


def run(layer, text, state):
    outputs = []
    for x in text:
        state = cell(layer, x, state)
        outputs.append(state[0])
    return np.array(outputs), state


def scores(scorer, query, source):
    """The published formulas for one query `d` and a source `k d`."""
    told = {w.name if w.name != "kernel" else w.path.split("/")[-2]: w for w in scorer.weights}
    told = {name: numbers(weight) for name, weight in told.items()}
    keys = source @ told["source"]
    if "scale" in told:  # Luong et al. 2015, equation 8, `general`, times g
        return told["scale"] * keys @ query
    v = told["direction"] / np.sqrt((told["direction"] ** 2).sum()) * told["length"]
    return np.tanh(query @ told["query"] + keys + told["bias"]) @ v


def weighed(scores, source):
    weights = np.exp(scores - scores.max())
    return weights / weights.sum() @ source


def translate(task, source, text):
    """The hidden states of a text `t`, looking at a source `k`: the whole model, row by row."""
    backbone, zeros = task.backbone, (np.zeros(8), np.zeros(8))
    encoder, decoder = backbone.encoder, backbone.decoder
    x = numbers(backbone.encoder_embedding.embeddings)[source]
    onward, _ = run(encoder.forward, x, zeros)
    back, held = run(encoder.backward, x[::-1], zeros)
    x, helds = np.concatenate([onward, back[::-1]], -1), [held]
    for number, layer in enumerate(encoder.upper, start=1):
        out, held = run(layer, x, zeros)
        x = out + x if number >= 2 else out
        helds.append(held)
    seen, found = np.zeros(x.shape[-1]), []
    for token in numbers(backbone.token_embedding.embeddings)[text]:
        helds[0] = cell(decoder.looking.cell, np.concatenate([token, seen]), helds[0])
        seen = weighed(scores(backbone.attention, helds[0][0], x), x)
        y = helds[0][0]
        for number, layer in enumerate(decoder.upper, start=1):
            helds[number] = cell(layer, np.concatenate([y, seen]), helds[number])
            y = helds[number][0] + y if number >= 2 else helds[number][0]
        found.append(y)
    return np.array(found)


@pytest.mark.parametrize("kind", SCORERS)
def test_a_scorer_is_its_formula(kind, draw):
    scorer = make(Scorer, {"kind": kind, "initializer_range": 0.8})
    scorer.build((None, 3), (None, None, 5))
    for weight in scorer.weights:
        weight.assign(draw.normal(size=weight.shape))
    query, source = draw.normal(size=(2, 3)), draw.normal(size=(2, 4, 5))
    mask = np.array([[True] * 4, [True, True, False, False]])
    found = np.array(scorer(query, scorer.offer(source)))
    wanted = np.stack([scores(scorer, *pair) for pair in zip(query, source)])
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    seen = np.array(look(found, source.astype("float32"), mask))
    np.testing.assert_allclose(seen[0], weighed(wanted[0], source[0]), atol=1e-5)
    np.testing.assert_allclose(seen[1], weighed(wanted[1, :2], source[1, :2]), atol=1e-5)


def test_a_source_of_no_tokens_shows_nothing():
    source = np.ones((1, 3, 2), "float32")
    seen = look(np.zeros((1, 3), "float32"), source, np.zeros((1, 3), bool))
    assert np.abs(np.array(seen)).max() == 0


@pytest.mark.parametrize("kind", SCORERS)
def test_the_whole_model_is_its_formula(kind, inputs):
    task = seq2seq(kind)
    found = np.array(task.backbone(inputs))
    for row, length in enumerate((6, 4)):
        source = inputs["encoder_token_ids"][row, :length]
        wanted = translate(task, source, inputs["token_ids"][row])
        np.testing.assert_allclose(found[row], wanted, atol=1e-5)


# === Time and padding ===


@pytest.mark.parametrize("kind", SCORERS)
@pytest.mark.parametrize("layers", [1, 3])
def test_token_by_token_equals_all_at_once(kind, layers, inputs):
    task = seq2seq(kind, layers, layers // 3)
    found, state = token_by_token(task, inputs)
    np.testing.assert_allclose(found, task(inputs), atol=2e-5)
    assert (np.array(state[0].length) == inputs["token_ids"].shape[1]).all()


def test_it_sees_the_tokens_of_the_source_and_none_of_its_padding(inputs):
    task = seq2seq()
    for row, place, seen in ((0, 5, True), (1, 3, True), (1, 4, False), (1, 5, False)):
        assert sees_of_its_source(task, inputs, row, place) == seen


def test_padding_passes_what_is_remembered_through(inputs):
    task, mask = seq2seq(), np.arange(5)[None] < np.array([[3], [5]])
    start = task.initial_state(2, 8)
    _, state = task.run({**inputs, "padding_mask": mask}, start)
    _, wanted = task.run({**inputs, "token_ids": inputs["token_ids"][:, :3]}, start)
    for found, kept in zip(tree.flatten(state), tree.flatten(wanted), strict=True):
        np.testing.assert_allclose(np.array(found)[0], np.array(kept)[0], atol=1e-5)
    assert np.array(state[0].length).tolist() == [3, 5]


def test_a_graph_that_takes_every_length_gives_the_same(inputs):
    """TensorFlow leaves the length open once a graph was asked for two of them."""
    task = seq2seq("additive")
    go = compiled(lambda told: task.run(told)[0], task)
    for length in (2, 3, 5):
        told = {**inputs, "token_ids": inputs["token_ids"][:, :length]}
        np.testing.assert_allclose(go(told), task.run(told)[0], atol=1e-6)


def test_told_again_writing_begins_anew(inputs):
    task = seq2seq()
    once, state = task.run(inputs, task.initial_state(2, 8))
    again, _ = task.run(inputs, state)
    np.testing.assert_allclose(again, once, atol=1e-6)


# === Training ===


@pytest.mark.parametrize(("kind", "jit"), [(SCORERS[0], True), (SCORERS[1], False)])
def test_every_weight_learns(kind, jit, inputs, draw):
    task, targets = seq2seq(kind), draw.integers(0, VOCABULARY, (2, 5))

    def loss():
        hidden, _ = task.encode({k: ops.convert_to_tensor(x) for k, x in inputs.items()})
        return task.measure(hidden, targets, np.ones((2, 5), "float32"))[0]

    _, *found = gradients(loss, task, jit=jit)
    paths = [weight.path for weight in task.trainable_weights]
    assert [path for path, x in zip(paths, found) if np.abs(x).max() < 1e-9] == []
    assert all(np.abs(x).reshape(-1, x.shape[-1]).max(0).all() for x in found if x.ndim > 1)


def test_it_learns_to_write_a_text_backwards(draw):
    """New texts at every step; what it writes by itself is the text, from its end."""
    task = seq2seq("additive", 2, 0, hidden_dim=32, initializer_range=0.3, vocabulary_size=8)
    task.compile(keras.optimizers.Adam(1e-2), task.loss, jit_compile=True)

    def batch(number, length=3):
        source = draw.integers(1, 8, (number, length)).astype("int32")
        target = source[:, ::-1]
        begun = np.concatenate([np.zeros((number, 1), "int32"), target[:, :-1]], axis=1)
        return {"encoder_token_ids": source, "token_ids": begun}, target

    for _ in range(200):
        task.train_on_batch(*batch(64))
    told, target = batch(32)
    state, token, out = task.initial_state(32, 8), told["token_ids"][:, :1], []
    inputs = {**told, "token_ids": token}
    for _ in range(3):
        logits, state = task.run(inputs, state)
        inputs = {"token_ids": np.argmax(logits, axis=-1)}
        out.append(inputs["token_ids"])
    assert (np.concatenate(out, axis=1) == target).mean() > 0.95


def test_dropout_draws_anew_and_only_in_training(inputs):
    task = seq2seq(dropout=0.4)
    quiet = [np.array(task(inputs)) for _ in range(2)]
    loud = [np.array(task(inputs, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(*quiet)
    assert min(np.abs(loud[0] - loud[1]).max(), np.abs(loud[0] - quiet[0]).max()) > 1e-3


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
def test_it_runs_in_every_precision(dtype, inputs):
    whole, half = seq2seq(), seq2seq(dtype=dtype)
    half.set_weights(whole.get_weights())
    logits, state = half.run(inputs, half.initial_state(2, 8))
    np.testing.assert_allclose(np.asarray(logits, "float32"), whole(inputs), atol=0.1)
    half.run({"token_ids": inputs["token_ids"]}, state)


# === Building ===


@pytest.mark.parametrize(("share_embeddings", "tables"), [(True, 1), (False, 2)])
def test_it_survives_its_config(share_embeddings, tables, inputs):
    task = seq2seq(share_embeddings=share_embeddings, tie_embeddings=True)
    twin = Seq2SeqLM.from_config(task.get_config())
    assert twin.get_config() == task.get_config()
    twin.set_weights(task.get_weights())
    np.testing.assert_array_equal(twin(inputs), task(inputs))
    assert sum("embeddings" in weight.path for weight in task.weights) == tables


def test_residual_layers_need_what_is_as_wide():
    with pytest.raises(ZooError, match="num_residual_layers: found 3, expected at most 2"):
        seq2seq(residual=3)


def test_without_a_source_it_says_so():
    with pytest.raises(ValueError, match="told of no source"):
        seq2seq().run({"token_ids": np.zeros((1, 3), "int32")})


def test_it_remembers_nothing_from_batch_to_batch():
    assert seq2seq().initial_state(2) == ()


def test_a_preset_is_read_again(inputs, tmp_path):
    task = seq2seq()
    task.save_to_preset(str(tmp_path))
    np.testing.assert_array_equal(Seq2SeqLM.from_preset(str(tmp_path))(inputs), task(inputs))
