"""The server over a model of the zoo: over the wire it answers as it did where it was made."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf
from examples import causal_lm, gpt
from served import Live

from zoo.generation.write import Sampling, Writer
from zoo.recipe.sections import Export
from zoo.serving.export import endpoints, signatures
from zoo.serving.signatures import Served
from zoo.tokenizers.bytes import Bytes

PROMPT, POSITIONS = "def ", 300
ASKED = {"max_new_tokens": 12, "temperature": 0.9, "top_k": 0, "top_p": 1.0, "seed": 3}
WANTED = Export(signatures=["score", "start", "read", "write"], prompt=PROMPT)
ASKED_FOR = ("serving_default", "score_ids", "start", "read", "write")
GENERATE = "/v1/models/short:generate"


@pytest.fixture(scope="module")
def task():
    return causal_lm(gpt(max_sequence_length=POSITIONS), vocabulary_size=257)


@pytest.fixture(scope="module")
def server(task, tmp_path_factory):
    """A process in which whoever imports Keras leaves a trace."""
    folder, poison = (tmp_path_factory.mktemp(name) for name in ("saved_models", "poison"))
    functions = endpoints(Served(task, Bytes()), signatures("causal_lm", WANTED))
    root = tf.Module()
    root.weights = [variable.value for variable in task.variables]
    few = {name: functions[name] for name in ASKED_FOR}  # each is traced, which takes seconds
    tf.saved_model.save(root, str(folder / "short" / "1"), few)
    (poison / "keras").mkdir()
    trace = "import pathlib; pathlib.Path(__file__).with_name('imported').touch()\n"
    (poison / "keras" / "__init__.py").write_text(trace)
    path = os.pathsep.join([str(poison), os.environ.get("PYTHONPATH", "")])
    with Live(folder, PYTHONPATH=path) as live:
        yield live
        assert not (poison / "keras" / "imported").exists()


@pytest.fixture(scope="module")
def written(task):
    """What the model writes on in this process."""
    ids = np.array([256, *PROMPT.encode()], "int32")
    sampling = Sampling(temperature=0.9, seed=3)
    return bytes(Writer(task).write(ids, 12, sampling, (256,))).decode(errors="replace")


def streamed(response):
    lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines]


def read(server, session, text):
    return server.post(f"/v1/sessions/{session}:read", {"text": text})


def opens(server, **given):
    return server.post("/v1/sessions", {"model": "short", **given}).json()["session"]


def test_an_answer_is_the_same_at_once_in_a_stream_and_in_a_session(server, written):
    whole = server.post(GENERATE, {"text": PROMPT, **ASKED}).json()
    assert whole["text"] == written
    *pieces, last = streamed(server.post(GENERATE, {"text": PROMPT, **ASKED, "stream": True}))
    assert len(pieces) > 3
    assert "".join(piece["text"] for piece in pieces) + last["text"] == written
    assert last["log_likelihood"] == pytest.approx(whole["log_likelihood"], rel=1e-4)
    session = opens(server, text=PROMPT[:2])
    read(server, session, PROMPT[2:])
    assert server.post(f"/v1/sessions/{session}:write", ASKED).json()["text"] == written


def test_a_text_read_in_parts_scores_as_a_whole(server):
    text, session = "def fibonacci(n): return n", opens(server)
    (whole,) = server.predict("short", {"instances": [text]}).json()["predictions"]
    parts = [read(server, session, part).json() for part in (text[:5], text[5:6], text[6:])]
    found = sum(part["log_likelihood"] for part in parts)
    assert found == pytest.approx(whole["log_likelihood"], rel=1e-3)


def test_texts_beyond_the_positions_are_refused(server):
    found = server.predict("short", {"instances": ["x" * (POSITIONS + 1)]})
    assert found.status_code == 400
    assert f"positions of this model end at {POSITIONS}" in found.json()["error"]
    session = opens(server)
    assert read(server, session, "x" * 200).status_code == 200
    assert read(server, session, "x" * 200).status_code == 400
    assert read(server, session, "x").status_code == 200  # what was refused is not remembered


def test_token_ids_beyond_the_vocabulary_are_refused(server):
    row = {"token_ids": [257], "num_tokens": 1}
    body = {"signature_name": "score_ids", "instances": [row]}
    found = server.predict("short", body)
    assert found.status_code == 400
    assert "token_ids: expected ids from 0 to 256" in found.json()["error"]


def test_an_empty_text_has_a_neutral_score(server):
    (row,) = server.predict("short", {"instances": [""]}).json()["predictions"]
    assert (row["log_likelihood"], row["num_tokens"], row["bits_per_byte"]) == (0, 0, 0)
