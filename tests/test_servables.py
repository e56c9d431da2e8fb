"""A version of a model is loaded whole and warm or refused in one clear line."""

import json
import shutil
import subprocess
import sys

import foreign
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text
from foreign import texts
from grpc import StatusCode

from zoo.core.folders import write_folder
from zoo.serving.server.refused import HTTP, Refused, cause
from zoo.serving.server.servable import load
from zoo.serving.server.signature import Signature


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return foreign.save(tmp_path_factory.mktemp("saved") / "1")


@pytest.fixture(scope="module")
def servable(saved):
    return load("numbers", 1, saved)


@pytest.fixture
def copied(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "2")


def refused(call, *given):
    with pytest.raises(Refused) as found:
        call(*given)
    return found.value


def test_a_signature_answers(servable):
    answer = servable.find().run({"text": texts("3", "-0.5")})
    assert answer["number"].tolist() == [3.0, -0.5]


def test_what_may_be_joined_is_known_from_the_signature(servable):
    known = {name: (s.batched, s.stateful) for name, s in servable.signatures.items()}
    assert known["serving_default"] == (True, False)
    assert known["halve"] == (True, False)
    assert known["shout"] == (True, False), "a text in and a text out are no memory"
    assert known["count"] == (False, True), "a memory belongs to one request"
    assert known["padded"] == (False, False), "its answer is as long as the longest text"


@pytest.mark.parametrize(
    ("name", "inputs", "said"),
    [
        ("halve", {"x": np.ones((1, 3), "float32")}, "input x: expected float32 of shape [?,2]"),
        ("halve", {"x": np.ones((1, 2))}, "found float64 of shape [1,2]"),
        ("halve", {"x": texts("1")}, "found string of shape [1]"),
        ("halve", {}, "Sent extra: {}. Missing but required: {x}."),
        ("halve", {"x": np.ones((1, 2), "float32"), "y": np.ones(1)}, "Sent extra: {y}."),
        ("serving_default", {"text": texts("three")}, "could not correctly convert string: three"),
        ("serving_default", {"text": np.array(["\ud800"], object)}, "UTF-8"),
    ],
)
def test_inputs_at_fault_are_told_so(servable, name, inputs, said):
    wrong = refused(servable.find(name).run, inputs)
    assert (wrong.code, wrong.http_status) == (StatusCode.INVALID_ARGUMENT, 400)
    assert said in wrong.message
    assert "node" not in wrong.message


def test_a_model_at_fault_says_no_file(servable):
    wrong = refused(servable.find("file").run, {"x": np.ones(1, "int32")})
    assert wrong.code == StatusCode.INTERNAL
    assert "secret" not in wrong.message
    assert "No such file" in wrong.message


def test_an_unknown_signature_is_a_failed_precondition(servable):
    wrong = refused(servable.find, "nothing")
    assert wrong.code == StatusCode.FAILED_PRECONDITION
    assert wrong.message == 'Serving signature key "nothing" not found.'


def test_every_code_has_a_number():
    assert set(HTTP) == set(StatusCode)


def test_of_an_error_only_what_was_wrong_is_said(tmp_path):
    graph = " [[{{node y}}]]"
    text = f'Graph execution error:\n\nFile "{__file__}", line 3\nbad {tmp_path}/x\n{graph}'
    assert cause(ValueError(text)) == "bad …"
    assert cause(KeyError()) == "KeyError"
    assert len(Refused(StatusCode.INTERNAL, "a\n" * 9999).message) <= 500
    check = (
        "{{function_node __f_8}} assertion failed: [text: too long] [1]\n\t [[{{node Assert_1}}]]"
    )
    assert cause(ValueError(check)) == "text: too long"


@pytest.mark.parametrize(
    "name",
    ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"],
)
@pytest.mark.parametrize("kept", [None, 0.0, 0.5])
def test_half_a_model_is_not_loaded(copied, name, kept):
    whole = (copied / name).read_bytes()
    (copied / name).unlink()
    if kept is not None:
        (copied / name).write_bytes(whole[: int(kept * len(whole))])
    wrong = refused(load, "numbers", 2, copied)
    assert wrong.message.startswith("cannot be loaded: ")
    assert str(copied) not in wrong.message


def with_manifest(source, target, **facts):
    write_folder(target, lambda aside: shutil.copytree(source, aside, dirs_exist_ok=True), **facts)
    return target


def test_one_flipped_byte_is_seen_by_the_manifest(saved, tmp_path):
    folder = with_manifest(saved, tmp_path / "1", custom_ops={})
    assert load("numbers", 1, folder).version == 1
    data = bytearray((folder / "fingerprint.pb").read_bytes())
    data[0] ^= 1
    (folder / "fingerprint.pb").write_bytes(data)
    wrong = refused(load, "numbers", 1, folder)
    assert (wrong.code, wrong.message) == (
        StatusCode.DATA_LOSS,
        "the folder: fingerprint.pb is missing or damaged.",
    )


@pytest.mark.parametrize("library", ["_nothing.so", "../../../core/evil.so"])
def test_a_missing_operation_names_tensorflow_text(saved, tmp_path, library):
    folder = with_manifest(saved, tmp_path / "1", custom_ops={"Strange>Op": library})
    wrong = refused(load, "numbers", 1, folder)
    assert wrong.code == StatusCode.FAILED_PRECONDITION
    assert "operation Strange>Op" in wrong.message
    assert "pip install tensorflow-text" in wrong.message


def test_an_operation_nobody_has_is_named(copied):
    """As long as the one it replaces: the graph of a SavedModel holds lengths."""
    graph = (copied / "saved_model.pb").read_bytes()
    (copied / "saved_model.pb").write_bytes(graph.replace(b"StringToNumber", b"StringToNothin"))
    wrong = refused(load, "numbers", 2, copied)
    assert "needs the operation StringToNothin" in wrong.message


def test_warm_up_requests_are_answered_before_clients(copied, monkeypatch):
    asked, run = [], Signature.run
    monkeypatch.setattr(
        Signature, "run", lambda self, given: asked.append(given) or run(self, given)
    )
    foreign.warm_up_with(copied, "3")
    load("numbers", 2, copied)
    assert [given["text"].tolist() for given in asked] == [[b"3"]]


def test_a_failing_warm_up_fails_the_model(copied):
    foreign.warm_up_with(copied, "three")
    wrong = refused(load, "numbers", 2, copied)
    assert wrong.message.startswith("warm-up request 1: StringToNumber")


class Reader(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def tokenize(self, text):
        size = tf.strings.length(text)
        return {"token_ids": size[:, None], "num_tokens": tf.ones_like(size)}


@pytest.mark.parametrize(("ids", "fits"), [([3], True), ([4], False)])
def test_a_model_that_reads_otherwise_than_it_was_trained_to_is_refused(ids, fits, tmp_path):
    reader, folder = Reader(), tmp_path / "1"
    tf.saved_model.save(reader, str(folder), {"tokenize": reader.tokenize})
    (folder / "assets.extra").mkdir()
    golden = {"tokens": [["abc", ids]], "requests": []}
    (folder / "assets.extra" / "golden.json").write_text(json.dumps(golden))
    if fits:
        assert load("reader", 1, folder).signatures
        return
    found = refused(load, "reader", 1, folder)
    assert found.message == "tokenize: 'abc' is read as [3], expected [4]"


def test_models_without_signatures_are_refused(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    assert "has no signatures" in refused(load, "none", 1, tmp_path / "1").message


class Pieces(tf.Module):
    @tf.function(input_signature=[foreign.TEXT])
    def count(self, text):
        return {"count": tensorflow_text.WhitespaceTokenizer().tokenize(text).row_lengths()}


def test_texts_of_others_find_their_operations_without_keras(tmp_path):
    """A SavedModel of somebody else has no manifest that says which library it needs."""
    module = Pieces()
    tf.saved_model.save(module, str(tmp_path / "1"), signatures=module.count)
    program = """if True:
        import json, sys
        sys.modules["keras"] = None
        import numpy, pathlib
        from zoo.serving.server.servable import load
        found = load("pieces", 1, pathlib.Path(sys.argv[1]))
        answer = found.find().run({"text": numpy.array([b"a b", b"c"], object)})
        mine = [name for name in sys.modules if name.split(".")[0] == "zoo"]
        print(json.dumps([answer["count"].tolist(), mine, "tensorflow_text" in sys.modules]))
    """
    command = [sys.executable, "-c", program, str(tmp_path / "1")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer, mine, text = json.loads(done.stdout)
    assert answer == [2, 1]
    assert not text
    assert {name.split(".")[1] for name in mine[1:]} == {"core", "serving"}
