"""Checkpoints that cannot be read are refused in a line that says what is wrong, and where."""

import json
import pickle
import shutil
import zipfile
from pathlib import Path

import bad_input
import checkpoints
import h5py
import ml_dtypes
import numpy as np
import pytest
from bad_input import says
from checkpoints import opcodes, reduced, torch_file, weights, write
from examples import causal_lm, gpt
from safetensors.numpy import save_file

import zoo
from zoo.convert.folder import load
from zoo.core.torch_file import tensor

CASE = checkpoints.golden("bert_2")
FIRST = "embeddings.LayerNorm.weight"


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "theirs", CASE)


def refused(folder):
    message = bad_input.refused(load, folder)
    assert "\n" not in message
    assert str(folder) in message
    return message


def saved(folder, **changes):
    """The folder with other weights; None leaves one out."""
    found = {**weights(CASE), **changes}
    save_file({k: v for k, v in found.items() if v is not None}, folder / "model.safetensors")
    return folder


def pickled(folder, arrays=None, **options):
    """The folder with a `.bin` file in the place of its safetensors."""
    (folder / "model.safetensors").unlink()
    file = folder / "pytorch_model.bin"
    torch_file(file, weights(CASE) if arrays is None else arrays, **options)
    return file


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model_type": "brt"}, "model_type: 'brt' is not supported. Did you mean 'bert'?"),
        ({"model_type": "xlm-roberta"}, "'xlm-roberta' is not supported. Did you mean 'roberta'?"),
        ({"model_type": None}, "model_type: is missing. There are: bert,"),
        ({"model_type": ["bert"]}, 'model_type: ["bert"] is not supported.'),
        (
            {"architectures": ["BertForMaskedLn"]},
            "architectures: 'BertForMaskedLn' is not supported. Did you mean 'BertForMaskedLM'?",
        ),
        ({"architectures": ["BertForQuestionAnswering"]}, "There are: BertForMaskedLM, BertForPre"),
        ({"architectures": [["BertModel"]]}, 'architectures: ["BertModel"] is not supported.'),
        ({"architectures": {"BertModel": 1}}, 'architectures: {"BertModel": 1} is not supported.'),
        ({"hidden_act": "gelo"}, "hidden_act: 'gelo' is not supported. Did you mean 'gelu'?"),
        (
            {"position_embedding_type": "relative_key"},
            "position_embedding_type: found 'relative_key', only 'absolute' is supported.",
        ),
        ({"is_decoder": True}, "is_decoder: found true, only false is supported."),
        (
            {"rope_theta": 1e4, "window": 9},
            "not supported for 'bert': rope_theta = 10000.0, window = 9.",
        ),
        ({"hidden_size": "12"}, "hidden_size: found '12', expected a whole number."),
        ({"hidden_size": 12.0}, "hidden_size: found 12.0, expected a whole number."),
        ({"hidden_size": None}, "hidden_size: found nothing, expected a whole number."),
        ({"num_hidden_layers": True}, "num_hidden_layers: found true, expected a whole number."),
        ({"num_hidden_layers": 0}, "found 0, expected a whole number greater than 0."),
        ({"num_attention_heads": 5}, "found 5, expected a divisor of the hidden size 12."),
        ({"layer_norm_eps": float("nan")}, "layer_norm_eps: found NaN, expected a finite number."),
        ({"layer_norm_eps": True}, "layer_norm_eps: found true, expected a finite number."),
        ({"layer_norm_eps": -1}, "layer_norm_epsilon: found -1, expected a number greater than 0."),
        ({"hidden_dropout_prob": 1}, "read as dropout: found 1, expected a number less than 1."),
    ],
)
def test_a_config_that_is_not_supported_is_refused(changes, told, tmp_path):
    message = refused(write(tmp_path / "theirs", CASE, **changes))
    says(message, "config.json: ", told)


@pytest.mark.parametrize(
    ("scaling", "told"),
    [
        ({"type": "dynamic", "factor": 2.0}, 'expected {"type": "linear", "factor": a number}'),
        ({"type": "linear", "factor": "2"}, "or nothing."),
        ("linear", "rope_scaling: found 'linear', expected"),
        ({"type": "linear", "factor": -1.0}, "position.factor: found -1.0, expected a number gr"),
    ],
)
def test_a_scaling_that_is_not_supported_is_refused(scaling, told, tmp_path):
    case = checkpoints.golden("llama_1")
    says(refused(write(tmp_path / "theirs", case, rope_scaling=scaling)), told)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"", "not JSON: Expecting value: line 1 column 1 (char 0)."),
        (b'{"model_type": ', "not JSON: Expecting value: line 1"),
        (b"\xff\xfe", "not JSON: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "not JSON: "),
        (b"[1, 2]", "found [1, 2], expected a JSON object."),
        (None, "cannot be read: No such file or directory."),
    ],
)
def test_a_config_that_is_none_is_refused(written, told, folder):
    file = folder / "config.json"
    file.unlink() if written is None else file.write_bytes(written)
    says(refused(folder), "config.json: ", told)


def test_a_folder_that_is_none_is_refused(folder):
    told = "is no folder; expected one with a config.json and weights."
    says(refused(folder / "model.safetensors"), told)
    says(refused(folder / "gone"), told)


def test_weights_that_are_not_there_are_missed(folder):
    (folder / "model.safetensors").unlink()
    says(refused(folder), "holds no weights, expected model.safetensors or pytorch_model.bin.")


def test_a_truncated_safetensors_file_is_refused(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-8])
    says(refused(folder), "model.safetensors: damaged, or no safetensors file: ")
    file.write_bytes(file.read_bytes()[:100])
    says(refused(folder), "model.safetensors: damaged, or no safetensors file: ")


@pytest.mark.parametrize("written", [b"", b"garbage " * 20, b"<!DOCTYPE html><html>"])
def test_garbage_is_no_safetensors_file(written, folder):
    (folder / "model.safetensors").write_bytes(written)
    says(refused(folder), "model.safetensors: damaged, or no safetensors file: ")


def test_weights_that_do_not_fit_are_refused(folder):
    wide = np.ones(13, "float32")
    told = f"{FIRST}: found the shape [13], expected [12]."
    says(refused(saved(folder, **{FIRST: wide})), "model.safetensors: ", told)
    says(refused(saved(folder, **{FIRST: None})), f"theirs: lacks bert.{FIRST}.")
    extra = {"encoder.layer.9.output.dense.weight": wide}
    told = "theirs: holds encoder.layer.9.output.dense.weight, for which this model has no place."
    says(refused(saved(folder, **extra)), told)


def test_weights_of_another_model_are_named_but_not_all(folder):
    other = dict.fromkeys(weights(CASE))
    message = refused(saved(folder, **other, **{f"h.{n}.weight": np.ones(3) for n in range(9)}))
    says(message, "theirs: lacks bert.embeddings.word_embeddings.weight, ", " and 16 more; ")
    says(message, "holds h.0.weight, h.1.weight, ", " and 4 more, for which this model has no")


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(number, folder):
    damaged = np.full(12, number, "float32")
    told = f"{FIRST}: holds numbers that are not finite."
    says(refused(saved(folder, **{FIRST: damaged})), told)


def test_a_file_of_pytorch_is_read_without_it(folder):
    """In any precision, in one file or several, however its tensors lie in memory."""
    inputs = checkpoints.parts(CASE, "inputs/")
    wanted, found = np.array(load(folder)(inputs)), weights(CASE)
    (folder / "model.safetensors").unlink()
    file, names = folder / "pytorch_model.bin", list(found)
    torch_file(file, {k: np.asfortranarray(v) for k, v in found.items()})
    np.testing.assert_array_equal(load(folder)(inputs), wanted)
    for dtype, near in (("float64", 0), ("float16", 0.05), (ml_dtypes.bfloat16, 0.3)):
        torch_file(file, {k: v.astype(dtype) for k, v in found.items()})
        np.testing.assert_allclose(load(folder)(inputs), wanted, atol=near)
    file.unlink()
    shards = {"a.bin": names[:7], "b.bin": names[7:]}
    for shard, some in shards.items():
        torch_file(folder / shard, {name: found[name] for name in some})
    index = {name: shard for shard, some in shards.items() for name in some}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": index}))
    np.testing.assert_array_equal(load(folder)(inputs), wanted)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("os system", ("touch ran",)),
        ("posix system", ("touch ran",)),
        ("builtins eval", ("open('ran', 'w')",)),
        ("builtins getattr", ("x", "y")),
        ("torch.storage _load_from_bytes", ("x",)),
        ("numpy.core.multiarray _reconstruct", ("x",)),
    ],
)
def test_a_file_that_would_run_something_is_refused(function, arguments, folder, monkeypatch):
    monkeypatch.chdir(folder)
    pickled(folder, {**weights(CASE), "payload": reduced(function, *arguments)})
    named = function.replace(" ", ".")
    message = refused(folder)
    says(message, f"its pickle names {named}, which no file of weights needs; nothing was run.")
    assert not Path("ran").exists()


def test_a_file_changes_nothing_that_outlives_it(folder):
    state = b"}(" + opcodes("left") + opcodes(1) + b"u"
    changed = b"ctorch._utils\n_rebuild_tensor_v2\n" + state + b"b"
    pickled(folder, {**weights(CASE), "changed": changed})
    load(folder)
    assert not hasattr(tensor, "left")


def test_the_payload_would_run_where_pickles_are_trusted(tmp_path, monkeypatch):
    """Or the test above could not fail."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(b"\x80\x02" + reduced("os system", "touch ran") + b".")  # noqa: S301
    assert Path("ran").exists()


@pytest.mark.parametrize("kept", [0, 30, 0.5, 0.99])
def test_a_truncated_file_of_pytorch_is_refused(kept, folder):
    file = pickled(folder)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else kept])
    told = "pytorch_model.bin: damaged, or not written by PyTorch 1.6 or later: File is not a zip"
    says(refused(folder), told)


def test_a_tensor_beyond_its_storage_is_refused(folder):
    storage = opcodes(("storage", b"ctorch\nFloatStorage\n", "0", "cpu", 4)) + b"Q"
    for offset, shape, stride in ((0, (5,), (1,)), (1, (4,), (1,)), (0, (2,), (-1,)), (-9, (), ())):
        rebuilt = "torch._utils _rebuild_tensor_v2"
        beyond = reduced(rebuilt, storage, offset, shape, stride, 0, opcodes(()))
        (folder / "model.safetensors").touch()
        pickled(folder, {"a": np.ones(4, "float32"), "b": beyond})
        says(refused(folder), "1.6 or later: a tensor reaches beyond its storage.")


def test_what_pytorch_would_not_write_is_refused(folder):
    file = pickled(folder, compression=zipfile.ZIP_DEFLATED)
    says(refused(folder), "PyTorch 1.6 or later: it is compressed.")
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("something", "else")
    says(refused(folder), "PyTorch 1.6 or later: it holds no data.pkl.")
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("archive/data.pkl", b"\x80\x02" + opcodes((1, 2)) + b".")
    says(refused(folder), "holds a tuple, expected a state dictionary.")


@pytest.mark.parametrize(
    ("index", "told"),
    [
        ({"a": "../model.safetensors"}, "names '../model.safetensors', which is no file beside it"),
        ({"a": "/etc/passwd"}, "names '/etc/passwd', which is no file beside it."),
        ({"a": "gone.safetensors"}, "names 'gone.safetensors', which is no file beside it."),
        ({"a": 3}, "weight_map: expected an object with the file of every weight."),
        (["a"], "weight_map: expected an object with the file of every weight."),
        (None, "weight_map: expected an object with the file of every weight."),
    ],
)
def test_an_index_that_leads_nowhere_is_refused(index, told, folder):
    (folder / "model.safetensors").rename(folder.parent / "model.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    says(refused(folder), "model.safetensors.index.json: ", told)


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preset") / "model"
    zoo.save(causal_lm(gpt()), folder)
    return folder


def elsewhere(file, _):
    file["stolen"] = h5py.ExternalLink("/etc/passwd", "/")


def beyond(file, _):
    file.create_dataset("large", (2**31,), "float32", chunks=(1024,))


def outside(file, _):
    file.create_dataset("read", (8,), "uint8", external=[("/etc/passwd", 0, 8)])


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (elsewhere, "//stolen leads elsewhere, expected numbers."),
        (outside, "/read lies in other files, expected numbers."),
        (beyond, "of numbers in a file of"),
    ],
)
def test_a_preset_whose_numbers_are_not_in_it_is_refused(harm, told, preset, tmp_path):
    folder = shutil.copytree(preset, tmp_path / "preset")
    with h5py.File(folder / "model.weights.h5", "r+") as file:
        harm(file, folder)
    says(bad_input.refused(zoo.load, folder), "model.weights.h5: ", told)


def test_a_preset_of_a_class_that_runs_code_is_refused(preset, tmp_path):
    folder = shutil.copytree(preset, tmp_path / "preset")
    ours = json.loads((folder / "config.json").read_text())
    theirs = {"module": "keras.layers", "class_name": "Lambda", "registered_name": None}
    (folder / "config.json").write_text(json.dumps(ours | theirs))
    says(bad_input.refused(zoo.load, folder), "class_name: 'Lambda' is not supported.")
    theirs = {"module": "os", "class_name": "system", "registered_name": "zoo>system"}
    (folder / "config.json").write_text(json.dumps(ours | theirs))
    says(bad_input.refused(zoo.load, folder), "no 'os' in backbones")
    for name in ("model.keras", "model.pt"):
        (tmp_path / name).write_bytes(b"PK")
        says(bad_input.refused(zoo.load, tmp_path / name), "there is no folder with a model.")
