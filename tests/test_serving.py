"""What is exported answers like what was trained, where neither the zoo nor Keras is there."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from examples import causal_lm, gpt, transformer_xl
from tensorflow_serving.apis import prediction_log_pb2

from zoo.core.errors import RunError
from zoo.core.folders import verify
from zoo.generation.write import Sampling, Writer
from zoo.recipe.sections import Export
from zoo.serving.export import continuation, export, num_bytes, prove
from zoo.serving.signatures import Served
from zoo.serving.signatures._stream import OPTIONS
from zoo.tokenizers.bytes import Bytes

EVERYTHING = Export(
    signatures=["score", "generate", "start", "step", "read", "write", "tokenize"],
    prompt="def ",
    max_new_tokens=9,
)
TEXTS = ["import os\n", "", "é", "def fibonacci(n): " * 12]


@pytest.fixture(scope="module")
def byte_xl():
    return causal_lm(transformer_xl(memory_length=8), vocabulary_size=257, output_bias=True)


@pytest.fixture(scope="module")
def byte_gpt():
    return causal_lm(gpt(max_sequence_length=300), vocabulary_size=257)


@pytest.fixture(scope="module", params=["byte_xl", "byte_gpt"])
def exported(request, tmp_path_factory):
    """A live task and the folder of its SavedModel."""
    task = request.getfixturevalue(request.param)
    return task, export(
        Served(task, Bytes()), tmp_path_factory.mktemp("saved") / "model", EVERYTHING
    )


@pytest.fixture(scope="module")
def remembering(tmp_path_factory):
    """A model with a memory as long as its texts, so that cutting them changes nothing, and its
    signatures."""
    task = causal_lm(transformer_xl(memory_length=256), vocabulary_size=257)
    wanted = Export(signatures=["score", "start", "read"])
    folder = export(Served(task, Bytes()), tmp_path_factory.mktemp("saved") / "model", wanted)
    return task, tf.saved_model.load(str(folder)).signatures


@pytest.fixture(scope="module")
def served(exported):
    task, folder = exported
    return task, tf.saved_model.load(str(folder)).signatures


def live_log_likelihood(task, text):
    """Token after token over the state: the slowest way to score."""
    targets = list(text.encode())
    state, total = task.initial_state(1, 300), 0.0
    for before, token in zip([256, *targets], targets):
        logits, state = task.run({"token_ids": np.array([[before]])}, state)
        total += float(tf.nn.log_softmax(logits[0, 0])[token])
    return total


def ask(served, texts, seed=3, temperature=0.9, new=12):
    return served["generate"](
        text=tf.constant(texts),
        max_new_tokens=tf.constant([new]),
        temperature=tf.constant([temperature]),
        top_k=tf.constant([0]),
        top_p=tf.constant([1.0]),
        seed=tf.constant([seed]),
    )


def test_names_and_types_are_what_was_promised(served):
    _, signatures = served
    assert {"serving_default", "score", "generate", "start", "step"} <= set(signatures)
    inputs = {
        n: t.dtype.name for n, t in signatures["generate"].structured_input_signature[1].items()
    }
    assert inputs == {
        "text": "string",
        "max_new_tokens": "int32",
        "temperature": "float32",
        "top_k": "int32",
        "top_p": "float32",
        "seed": "int32",
    }
    outputs = {n: t.dtype.name for n, t in signatures["score"].structured_outputs.items()}
    assert outputs == {
        "log_likelihood": "float32",
        "num_tokens": "int32",
        "bits_per_byte": "float32",
    }


def test_scores_equal_the_live_model_token_by_token(remembering):
    task, signatures = remembering
    answer = signatures["score"](text=tf.constant(TEXTS))
    wanted = [live_log_likelihood(task, text) for text in TEXTS]
    np.testing.assert_allclose(answer["log_likelihood"], wanted, atol=1e-3, rtol=1e-5)
    sizes = [len(text.encode()) for text in TEXTS]
    assert answer["num_tokens"].numpy().tolist() == sizes
    bits = -np.array(wanted) / np.log(2) / np.maximum(sizes, 1)
    np.testing.assert_allclose(answer["bits_per_byte"], bits, atol=1e-4)


def test_a_text_scores_the_same_alone_and_among_others(served):
    _, signatures = served
    together = signatures["score"](text=tf.constant(TEXTS))["log_likelihood"].numpy()
    alone = [float(signatures["score"](text=tf.constant([t]))["log_likelihood"][0]) for t in TEXTS]
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert np.isfinite(together).all()


def test_it_writes_what_the_live_model_writes(served):
    task, signatures = served
    written = ask(signatures, ["import "])["text"].numpy()[0]
    prompt = np.array([256, *b"import "], "int32")
    sampling = Sampling(temperature=0.9, seed=3)
    live = list(Writer(task).write(prompt, 12, sampling, (256,)))
    assert written == bytes(live)


def test_rows_of_different_lengths_do_not_disturb_each_other(served):
    _, signatures = served
    prompts = ["import ", "", "a much longer prompt than the others, well beyond the memory"]
    together = ask(signatures, prompts)
    for row, prompt in enumerate(prompts):
        alone = ask(signatures, [prompt])
        assert together["text"][row] == alone["text"][0]
        np.testing.assert_allclose(
            together["log_likelihood"][row], alone["log_likelihood"][0], atol=1e-3
        )


def test_steps_with_explicit_memory_equal_the_whole(served):
    task, signatures = served
    ids = np.random.default_rng(0).integers(0, 256, (2, 9)).astype("int32")
    state = signatures["start"](batch_size=tf.constant(2))
    parts = [state["memory_logits"][:, None]]
    for first, last in ((0, 4), (4, 5), (5, 9)):
        answer = signatures["step"](token_ids=tf.constant(ids[:, first:last]), **state)
        parts.append(answer.pop("logits"))
        state = answer
    begun = np.concatenate([np.full((2, 1), 256, "int32"), ids], axis=1)
    live, _ = task.run({"token_ids": begun}, task.initial_state(2, 300))
    np.testing.assert_allclose(np.concatenate(parts, 1), live, atol=1e-4)


def test_a_text_that_is_read_in_parts_scores_what_it_scores_at_once(remembering):
    _, signatures = remembering
    text = "def area(width, height): return width * height"
    total, memory = 0.0, signatures["start"](batch_size=tf.constant(1))
    for part in (text[:5], "", text[5:6], text[6:]):
        answer = signatures["read"](text=tf.constant([part]), **memory)
        total += float(answer["log_likelihood"][0])
        memory = {name: x for name, x in answer.items() if name.startswith("memory_")}
    whole = signatures["score"](text=tf.constant([text]))
    np.testing.assert_allclose(total, whole["log_likelihood"][0], atol=1e-3)


def written_in_parts(signatures, memory, parts, **options):
    text, first = b"", 0
    for number in parts:
        given = {"first": [first], "max_new_tokens": [number], **options}
        answer = signatures["write"](**{k: tf.constant(x) for k, x in given.items()}, **memory)
        memory = {name: x for name, x in answer.items() if name.startswith("memory_")}
        text, first = text + answer["text"].numpy()[0], first + number
    return text


def test_an_answer_that_is_written_in_parts_is_the_one_written_at_once(served):
    _, signatures = served
    begun = signatures["start"](batch_size=tf.constant(1))
    answer = signatures["read"](text=tf.constant(["import "]), **begun)
    memory = {name: x for name, x in answer.items() if name.startswith("memory_")}
    options = {"temperature": [0.9], "top_k": [0], "top_p": [1.0], "seed": [3]}
    whole = ask(signatures, ["import "])["text"].numpy()[0]
    assert len(whole) > 6
    for parts in ((12,), (1, 4, 7), (5, 0, 7)):
        assert written_in_parts(signatures, memory, parts, **options) == whole


def test_token_ids_are_answered_as_their_text_is(served):
    _, signatures = served
    texts = ["import os", "é"]
    ids = tf.ragged.constant([list(text.encode()) for text in texts], tf.int32)
    given = {"token_ids": ids.to_tensor(7), "num_tokens": tf.cast(ids.row_lengths(), tf.int32)}
    score, by_ids = signatures["score"](text=tf.constant(texts)), signatures["score_ids"](**given)
    np.testing.assert_allclose(score["log_likelihood"], by_ids["log_likelihood"], atol=1e-5)
    assert set(score) - set(by_ids) == {"bits_per_byte"}
    options = {
        "max_new_tokens": [9],
        "temperature": [0.9],
        "top_k": [0],
        "top_p": [1.0],
        "seed": [3],
    }
    options = {name: tf.constant(x) for name, x in options.items()}
    written = signatures["generate"](text=tf.constant(texts), **options)["text"].numpy()
    found = signatures["generate_ids"](**given, **options)
    rows = zip(found["token_ids"].numpy().tolist(), found["num_tokens"].numpy())
    rows = [bytes(row[:number]) for row, number in rows]
    assert rows == written.tolist()


@pytest.mark.parametrize(("ids", "number"), [([257], 1), ([-1], 1), ([5], 2), ([5], -1)])
def test_token_ids_that_are_none_are_refused(served, ids, number):
    given = {"token_ids": tf.constant([ids]), "num_tokens": tf.constant([number])}
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected"):
        served[1]["score_ids"](**given)


def test_the_continuation_comes_from_a_fresh_process(exported):
    _, folder = exported
    assert continuation(folder, EVERYTHING).startswith("def ")


def test_what_is_no_savedmodel_is_said_in_one_line(tmp_path):
    with pytest.raises(RunError, match="does not answer in a fresh process"):
        continuation(tmp_path / "nothing", EVERYTHING)


def test_no_python_and_no_xla_is_left_in_the_graph(exported):
    _, folder = exported
    graph = (folder / "saved_model.pb").read_bytes()
    for word in (b"PyFunc", b"EagerPyFunc", b"XlaCallModule", b"XlaMustCompile"):
        assert word not in graph


def test_every_weight_is_stored_once(tmp_path):
    task = causal_lm(transformer_xl(memory_length=4) | {"hidden_dim": 128}, vocabulary_size=257)
    folder = export(Served(task, Bytes()), tmp_path / "model", Export(signatures=["score"]))
    assert num_bytes(folder) <= 1.1 * 4 * task.count_params()


def test_versions_count_up_and_are_whole(tmp_path, byte_xl):
    wanted = Export(signatures=["start"])
    (tmp_path / "model" / "7").mkdir(parents=True)
    (tmp_path / "model" / "notes").mkdir()
    folder = export(Served(byte_xl, Bytes()), tmp_path / "model", wanted)
    assert folder.name == "8"
    assert verify(folder)["signatures"] == ["serving_default", "start"]
    assert sorted(f.name for f in folder.parent.iterdir()) == ["7", "8", "notes"]


def test_a_text_beyond_the_positions_is_refused(served):
    task, signatures = served
    if task.backbone.max_sequence_length is None:
        pytest.skip("positions without an end")
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="the positions of this model end at 300"
    ):
        signatures["score"](text=tf.constant(["x" * 400]))


def test_the_folder_says_what_it_is_and_how_it_is_warmed_up(exported):
    _, folder = exported
    golden = json.loads((folder / "assets.extra" / "golden.json").read_text())
    assert [one["signature"] for one in golden["requests"]] == ["score", "generate", "tokenize"]
    assert ["hello world", list(b"hello world")] in golden["tokens"]
    assert len(golden["tokens"]) == 100
    warm_up = folder / "assets.extra" / "tf_serving_warmup_requests"
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        for record in tf.data.TFRecordDataset(str(warm_up))
    ]
    assert [log.model_spec.signature_name for log in logs] == ["score", "generate", "tokenize"]
    assert set(logs[1].inputs) == {"text", *OPTIONS}
    card = (folder / "README.md").read_text()
    for words in (
        "`causal_lm`, 13,",
        "- `score`: text string `b` ->",
        'curl -d \'{"signature_name"',
    ):
        assert words in card


@pytest.mark.parametrize("part", ["requests", "tokens"])
def test_a_savedmodel_that_answers_otherwise_is_no_proof(part, exported, tmp_path):
    _, folder = exported
    other = shutil.copytree(folder, tmp_path / "other")
    golden = json.loads((other / "assets.extra" / "golden.json").read_text())
    if part == "requests":
        golden["requests"][0]["outputs"]["log_likelihood"][0] += 1
    else:
        golden["tokens"][5][1].append(7)
    (other / "assets.extra" / "golden.json").write_text(json.dumps(golden))
    name = {"requests": "score", "tokens": "tokenize"}[part]
    with pytest.raises(RunError, match=f"does not answer as the model does: {name}: "):
        prove(other)
