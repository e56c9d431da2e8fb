"""What is written as ONNX or for LiteRT answers as the model does, where neither is the zoo nor
TensorFlow."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_files
import tensorflow as tf
from bad_input import refused, says
from examples import attention, causal_lm, gpt, transformer
from image_models import build as seeing
from test_signatures import headed, read
from test_tokenizers import learned

import zoo
from zoo.core.errors import RunError, ZooError
from zoo.core.folders import verify
from zoo.core.kinds import kinds, make
from zoo.data.batching.labelled import Labelled
from zoo.recipe import build
from zoo.recipe.load import available
from zoo.recipe.sections import Export
from zoo.serving.export import believe, export
from zoo.serving.formats import Format, _proof, litert
from zoo.serving.formats._numbers import Numbers
from zoo.serving.server.refused import Refused
from zoo.serving.server.servable import load
from zoo.serving.signatures import Served
from zoo.tokenizers.bytes import Bytes

NEEDED = {
    "onnx": ("onnx", "tf2onnx", "onnxruntime"),
    "litert": ("ai_edge_litert",),
}
LENGTH, WIDE = 12, 64


@pytest.fixture(scope="module", params=NEEDED)
def form(request):
    for module in NEEDED[request.param]:
        pytest.importorskip(module, reason=f"pip install 'attention-zoo[{request.param}]'")
    return request.param


def reader(form):
    """The file that reads a format without the zoo."""
    return Path(_proof.__file__).with_name(make(Format, form).reader)


def signatures(form, folder):
    return runpy.run_path(str(reader(form)))["signatures"](folder)


@pytest.fixture(scope="module")
def classifier(form, tmp_path_factory):
    """A model that tells classes, with its words, and the folder it was written into."""
    words = learned("word_piece")
    batching = Labelled(["no", "yes", "maybe"], sequence_length=LENGTH, batch_size=1)
    task = headed(words, "text_classifier", num_classes=3)
    wanted = Export(format=form)
    folder = tmp_path_factory.mktemp(form) / "model"
    return task, words, batching, export(Served(task, words, batching), folder, wanted)


@pytest.fixture(scope="module")
def writer(form, tmp_path_factory):
    """A model that writes, and the folder it was written into."""
    task = causal_lm({**gpt(max_sequence_length=16), "hidden_dim": WIDE}, vocabulary_size=257)
    folder = tmp_path_factory.mktemp(form) / "model"
    return task, export(Served(task, Bytes()), folder, Export(format=form))


def test_every_format_of_numbers_is_tested():
    found = {kind for kind in kinds(Format.shelf) if isinstance(make(Format, kind), Numbers)}
    assert found == set(NEEDED)


def test_other_rows_than_those_of_its_proof_are_answered_as_the_live_model_answers(
    classifier, form
):
    task, words, batching, folder = classifier
    texts = ["the license", "you may copy and distribute", "copies of this", ""]
    rows = batching.frame(words).rows([read(words, text) for text in texts])
    rows["segment_ids"] = np.zeros_like(rows["token_ids"])
    found = signatures(form, folder)["logits"](**rows)["logits"]
    live = np.array(task(rows))
    assert np.ptp(live, axis=0).max() > 1e-3
    np.testing.assert_allclose(found, live, atol=1e-5)


def test_a_text_is_streamed_through_a_memory_token_by_token(writer, form):
    task, folder = writer
    found = signatures(form, folder)
    assert set(found) == {"logits", "start", "step"}
    memory, ids = found["start"](batch_size=np.array(1, "int32")), list(b"def area(w)")
    parts = [memory["memory_logits"]]
    for token in ids:
        memory = found["step"](token_ids=np.array([[token]], "int32"), **memory)
        parts.append(memory.pop("logits")[:, 0])
    live = task({"token_ids": np.array([[256, *ids]])})
    np.testing.assert_allclose(np.stack(parts, 1), live, atol=1e-4)


def test_the_folder_holds_all_that_is_needed_to_ask(classifier, form):
    _, words, _, folder = classifier
    manifest = verify(folder)
    assert (manifest["format"], manifest["signatures"]) == (form, ["logits"])
    assert manifest["tokenizer"]["kind"] == "word_piece"
    assert folder.stat().st_mode == folder.parent.stat().st_mode, "others may read it, too"
    for name, content in words.assets.items():
        assert (folder / "tokenizer" / name).read_bytes() == content
    card = (folder / "README.md").read_text()
    assert "Scores are those of, in this order: no, yes, maybe." in card
    printed = program(folder)
    (row,) = re.fullmatch(r"\[\[([^\[\]]+)\]\]", printed.strip()).groups()
    assert np.array(row.split(), float).shape == (3,)


def test_a_model_that_sees_takes_pixels(form, tmp_path, draw):
    task = seeing("vit")
    folder = export(Served(task, Bytes()), tmp_path / "sees", Export(format=form))
    images = draw.uniform(0, 255, (1, *task.input["images"].shape[1:])).astype("float32")
    scores = signatures(form, folder)["logits"](images=images)["logits"]
    np.testing.assert_allclose(scores, task({"images": images}), atol=1e-4)
    assert "`images` float32 (" in (folder / "README.md").read_text()
    program(folder)


def program(folder):
    """What the program prints that stands on the card of a model."""
    card = (folder / "README.md").read_text()
    (text,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    command = [sys.executable, "-I", "-c", text]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_that_answers_otherwise_is_no_proof(writer, form, tmp_path):
    other = shutil.copytree(writer[1], tmp_path / "other")
    golden = json.loads((other / "golden.json").read_text())
    (last,) = [one for one in golden["requests"] if one["signature"] == "step"][-1:]
    last["outputs"]["logits"]["values"][0][0][0] += 1
    (other / "golden.json").write_text(json.dumps(golden))
    words = [sys.executable, "-I", _proof.__file__, str(reader(form)), str(other)]
    done = subprocess.run(words, capture_output=True, text=True)
    says(
        refused(believe, done, other, error=RunError), "not answer as the model does: step: logits"
    )


def test_a_server_of_savedmodels_passes_over_other_formats(classifier, form):
    with pytest.raises(Refused, match=f"is of the format {form}: this server"):
        load("model", 1, classifier[-1])


def test_every_weight_is_stored_once_for_all_signatures(writer):
    task, folder = writer
    assert verify(folder)["signatures"] == ["logits", "start", "step"]
    sizes = [file.stat().st_size for file in folder.iterdir() if file.suffix in (".bin", ".tflite")]
    # An embedding that also scores may stand there as it is and turned over.
    assert sum(sizes) < 1.5 * 4 * (task.count_params() + 257 * WIDE)


def test_what_a_format_has_no_operations_for_is_said_in_words(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="pip install 'attention-zoo[litert]'")
    inside = attention("lsh", chunk_length=4)
    task = causal_lm(transformer(layers=1, attention=inside), vocabulary_size=257)
    wanted = Export(format={"kind": "litert", "length": 16})
    folder = export(Served(task, Bytes()), tmp_path / "model", wanted)
    manifest = verify(folder)
    assert manifest["signatures"] == ["start", "step"]
    says(manifest["left_out"]["logits"], "LiteRT")
    assert "Left out: `logits`" in (folder / "README.md").read_text()


def test_a_model_that_cannot_be_written_at_all_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    pytest.importorskip("ai_edge_litert", reason="pip install 'attention-zoo[litert]'")

    class Converter:
        def convert(self):
            raise ValueError("pages of graphs\nTF Select ops: Bucketize, Erfc\nDetails: …")

    made = tf.lite.TFLiteConverter
    monkeypatch.setattr(made, "from_saved_model", lambda *_: Converter())
    assert litert.tf.lite.TFLiteConverter is made
    task = headed(words := learned("word_piece"), "text_classifier", num_classes=3)
    found = refused(export, Served(task, words), tmp_path / "model", Export(format="litert"))
    says(found, "LiteRT has no operation for Bucketize, Erfc", "--format saved_model")
    assert not list((tmp_path / "model").iterdir())


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, gpt_lm):
    found = make(Format, "onnx")
    monkeypatch.setattr(type(found), "needs", {"no_such_module": "onnxruntime"})
    message = refused(export, Served(gpt_lm, Bytes()), tmp_path / "model", Export(format="onnx"))
    says(message, "onnx needs onnxruntime: pip install 'attention-zoo[onnx]'")


def test_an_unknown_format_is_refused_with_what_is_near(tmp_path, gpt_lm):
    message = refused(export, Served(gpt_lm, Bytes()), tmp_path / "model", Export(format="onx"))
    says(message, "no 'onx' in serving/formats", "Did you mean 'onnx'?")


ALONE = [
    name
    for name in available()
    if not name.startswith("published/") and not small_files.needed(name)
]
"""Recipes that begin with no other run."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_the_model_of_every_recipe_is_written_or_refused_in_a_line(name, form, tmp_path):
    files = small_files.write(tmp_path)
    given = small_files.overrides(name, files) if name in small_files.NAMES else []
    recipe = zoo.load_recipe(name, given, tiny=True)
    model = Served(build.task(recipe), build.tokenizer(recipe), build.batching(recipe))
    said = written_or_refused(model, tmp_path / "model", form)
    assert said == "written" or (f"{form} cannot hold this model" in said and len(said) < 200)


def written_or_refused(model, folder, form):
    try:
        return export(model, folder, Export(format=form)) and "written"
    except ZooError as wrong:
        return str(wrong)
