"""Checkpoints of Hugging Face: what the originals answer, ours answer; and the way back."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from zoo.convert._folder import load, save

CASES = sorted((Path(__file__).parent / "golden" / "checkpoints").glob("*.npz"))


def parts(golden, prefix):
    return {name.partition("/")[2]: golden[name] for name in golden if name.startswith(prefix)}


def write(folder, golden, **changes):
    """The folder as Hugging Face would have written it."""
    folder.mkdir(exist_ok=True)
    config = {**json.loads(str(golden["config"])), **changes}
    (folder / "config.json").write_text(json.dumps(config))
    whole = {k: np.ascontiguousarray(v) for k, v in parts(golden, "weights/").items()}
    save_file(whole, folder / "model.safetensors")
    return folder


@pytest.fixture(params=CASES, ids=lambda file: file.stem)
def golden(request):
    with np.load(request.param) as found:
        return {name: found[name] for name in found.files}


def test_there_is_a_case():
    assert CASES


def test_it_answers_as_the_original(golden, tmp_path):
    inputs = parts(golden, "inputs/")
    answer = load(write(tmp_path / "theirs", golden))(inputs)
    tokens = inputs["padding_mask"]
    np.testing.assert_allclose(np.array(answer)[tokens], golden["answer"][tokens], atol=1e-4)


def test_it_goes_back_as_it_came(golden, tmp_path):
    theirs = parts(golden, "weights/")
    model = load(write(tmp_path / "theirs", golden))
    config = json.loads(str(golden["config"]))
    save(model, config["model_type"], tmp_path / "back")
    back = load_file(tmp_path / "back" / "model.safetensors")
    assert len(back) > 10
    for name, array in back.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)
    again = load(tmp_path / "back")
    inputs = parts(golden, "inputs/")
    np.testing.assert_array_equal(again(inputs), model(inputs))
