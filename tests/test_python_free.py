"""SavedModels answer a program in C as the live model answers, with XLA disabled."""

import json
from pathlib import Path

import numpy as np
import pytest
import small_files
import tensorflow_text
from examples import causal_lm, transformer_xl
from python_free import Client, built
from test_signatures import SEARCHES, headed, reading_and_writing
from test_tokenizers import learned
from walks import walk

import zoo
from zoo.core.folders import verify
from zoo.generation.write import Sampling, Writer
from zoo.recipe.build import export as exported
from zoo.recipe.load import available
from zoo.recipe.sections import Export
from zoo.serving.export import export
from zoo.serving.proof import raw
from zoo.serving.signatures import Served
from zoo.tokenizers.bytes import Bytes

SLOW = pytest.mark.slow

TEXT = "def area(width, height): return width * height"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return built(tmp_path_factory.mktemp("client"))


@pytest.fixture
def client(program):
    """Starts the program with a folder; it ends well, too."""
    started = []

    def start(folder):
        operations = Path(tensorflow_text.__file__).parent / "python" / "ops"
        needed = sorted(set(verify(folder)["custom_ops"].values()))
        started.append(Client(program, folder, [operations / name for name in needed]))
        return started[-1]

    yield start
    assert [one.close() for one in started] == [0] * len(started)


def answers_its_requests(client, folder):
    """As the live model did; the signatures it was asked."""
    golden = json.loads((folder / "assets.extra" / "golden.json").read_text())
    for request in golden["requests"]:
        given = {key: raw(value) for key, value in request["inputs"].items()}
        found = client(request["signature"], **given)
        for key, value in request["outputs"].items():
            if found[key].dtype == object:
                assert found[key].tolist() == raw(value)
            else:
                np.testing.assert_allclose(found[key], value, atol=1e-3, rtol=1e-3)
    return {request["signature"] for request in golden["requests"]}


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        pytest.param({"kind": "masked_lm"}, ["fill", "embed", "tokenize"], marks=SLOW),
        ({"kind": "text_classifier", "num_classes": 3}, ["classify", "attend"]),
        pytest.param({"kind": "token_classifier", "num_classes": 3}, ["tag"], marks=SLOW),
        pytest.param({"kind": "span_qa"}, ["answer"], marks=SLOW),
    ],
    ids=lambda one: one.get("kind") if isinstance(one, dict) else None,
)
def test_a_model_with_a_head_answers(task, wanted, client, tmp_path):
    words = learned("word_piece")
    served = Served(headed(words, **task), words)
    folder = export(served, tmp_path / "model", Export(signatures=wanted))
    assert answers_its_requests(client(folder), folder) == set(wanted)
    told = (folder / "README.md").read_text()
    assert ('- `attend` with `{"max_tokens": 512}`: text string' in told) == ("attend" in wanted)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("seq2seq_lm", "translate"), pytest.param("mask_predict_lm", "summarize", marks=SLOW)],
)
def test_a_model_that_reads_and_writes_answers(kind, name, client, tmp_path):
    words = learned("word_piece")
    task, batching = reading_and_writing(words, kind)
    wanted = Export(signatures=[{"kind": name, "search": SEARCHES[kind]}])
    folder = export(Served(task, words, batching), tmp_path / "model", wanted)
    assert answers_its_requests(client(folder), folder) == {name}


def test_a_text_is_streamed_through_a_memory(client, tmp_path):
    task = causal_lm(transformer_xl(memory_length=64), vocabulary_size=257)
    wanted = Export(signatures=["start", "step", "read", "write"])
    ask = client(export(Served(task, Bytes()), tmp_path / "model", wanted))
    begun = ask("start", batch_size=1)
    ids = np.array([list(TEXT.encode())])
    live, _ = task.run({"token_ids": np.insert(ids, 0, 256, axis=1)}, task.initial_state(1, 64))
    memory, logits = begun, [begun["memory_logits"][:, None]]
    for token in ids[0]:
        answer = ask("step", token_ids=[[token]], **memory)
        logits.append(answer.pop("logits"))
        memory = answer
    np.testing.assert_allclose(np.concatenate(logits, 1), live, atol=1e-4)
    read = ask("read", text=[TEXT], **begun)
    behind = {name: x for name, x in read.items() if name.startswith("memory_")}
    for name in memory:
        np.testing.assert_allclose(behind[name], memory[name], atol=1e-4)
    options = {"temperature": [0.7], "top_k": [0], "top_p": [1.0], "seed": [5], "first": [0]}
    written = ask("write", max_new_tokens=[6], **options, **behind)
    prompt = np.array([256, *TEXT.encode()])
    live = Writer(task).write(prompt, 6, Sampling(temperature=0.7, seed=5), (256,))
    assert written["text"].tolist() == [bytes(live)]


EXPORTED = [name for name in available() if exported(zoo.load_recipe(name, tiny=True))]


@pytest.mark.slow
@pytest.mark.parametrize("name", [one for one in EXPORTED if not one.startswith("published/")])
def test_every_recipe_that_is_exported_answers(name, client, tmp_path):
    files = small_files.write(tmp_path)
    given = small_files.overrides(name, files) if name in small_files.NAMES else []
    walked = walk(name, tmp_path / "run", given)
    folder = zoo.export(walked.run, tmp_path / "model")
    assert answers_its_requests(client(folder), folder)
