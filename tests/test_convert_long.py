"""Checkpoints for long texts: what the originals answer that are told more than the tokens."""

import json
from pathlib import Path

import checkpoints
import numpy as np
import pytest
from checkpoints import parts, write
from keras import ops
from safetensors.numpy import load_file

from zoo.attention._hashing import Rotations
from zoo.attention.segment_recurrent import Memory
from zoo.convert.folder import load, save
from zoo.core.errors import ZooError

FOLDER = Path(__file__).parent / "golden" / "long_checkpoints"


def cases(family):
    return sorted(file.stem for file in FOLDER.glob(f"{family}_*.npz"))


def golden(case):
    return checkpoints.golden(FOLDER / f"{case}.npz")


def remembered(backbone, memory):
    """`l b m d` as a state. With norms first, ours remembers what comes out of the norm."""
    states = []
    for block, hidden in zip(backbone.transformer_layers, memory):
        full = np.full(hidden.shape[:1], hidden.shape[1], "int32")
        before = type(block).__name__ == "PreNorm"
        states.append(Memory(block.attention_norm(hidden) if before else hidden, full))
    return tuple(states)


@pytest.mark.parametrize("case", cases("transfo_xl"))
def test_transformer_xl_answers_as_the_original_with_a_memory(case, tmp_path):
    """Three segments, the first behind a memory that is given to both."""
    case = golden(case)
    task = load(write(tmp_path / "theirs", case))
    state = remembered(task.backbone, case["inputs/memory"])
    for token_ids, answer in zip(case["inputs/token_ids"], case["answer"]):
        found, state = task.run({"token_ids": token_ids}, state)
        np.testing.assert_allclose(found, answer, atol=1e-4)


@pytest.mark.parametrize("case", cases("reformer"))
def test_reformer_answers_as_the_original_by_the_same_rotations(case, tmp_path, monkeypatch):
    case = golden(case)
    model, inputs = load(write(tmp_path / "theirs", case)), parts(case, "inputs/")
    layers = getattr(model, "backbone", model).transformer_layers
    hashing = [
        layer.attention.rotations for layer in layers if hasattr(layer.attention, "rotations")
    ]
    given = dict(zip(map(id, hashing), parts(case, "rotations/").values()))
    assert len(given) == len(hashing)

    def rotations(self, shape, training=None):
        assert given[id(self)].shape == shape
        return ops.convert_to_tensor(given[id(self)])

    monkeypatch.setattr(Rotations, "call", rotations)
    tokens = inputs["padding_mask"]
    found = np.array(model(inputs))[tokens]
    np.testing.assert_allclose(found, case["answer"][tokens], atol=1e-4)


@pytest.mark.parametrize("case", cases("*"))
def test_it_goes_back_as_it_came(case, tmp_path):
    case = golden(case)
    model, theirs = load(write(tmp_path / "theirs", case)), json.loads(str(case["config"]))
    save(model, theirs["model_type"], tmp_path / "back")
    ours = json.loads((tmp_path / "back" / "config.json").read_text())
    assert {name: theirs[name] for name in ours if name in theirs} == {
        name: value for name, value in ours.items() if name in theirs
    }
    weights = parts(case, "weights/")
    for name, array in load_file(tmp_path / "back" / "model.safetensors").items():
        np.testing.assert_array_equal(array, weights[name], err_msg=name)


@pytest.mark.parametrize(
    ("case", "changes", "told"),
    [
        ("big_bird_0", {"attention_type": "sparse"}, "attention_type: 'sparse' is not supported"),
        ("longformer_1", {"attention_window": [4, 8]}, "expected an even number, or 3 of them"),
        ("longformer_0", {"attention_window": 5}, "found 5, expected an even number"),
        ("longformer_0", {"pad_token_id": 0}, "pad_token_id: found 0, only 1 is supported"),
        ("reformer_0", {"is_decoder": False}, "is_decoder: found false, expected true"),
        ("reformer_0", {"attn_layers": ["full"]}, "expected a list of local and lsh"),
        ("reformer_1", {"local_num_chunks_after": 1}, "local_num_chunks_after: found 1"),
        ("reformer_0", {"axial_pos_embds_dim": [5, 6]}, "add up to 11"),
        ("transfo_xl_0", {"same_length": True}, "expected false where nothing is remembered"),
        ("transfo_xl_2", {"tie_projs": [False, True, False]}, "expected false, then 2 alike"),
        ("transfo_xl_2", {"cutoffs": [15, 9]}, "must rise"),
        ("transfo_xl_0", {"adaptive": False}, "adaptive: found false, only true is supported"),
    ],
)
def test_what_cannot_be_told_of_a_model_is_refused(case, changes, told, tmp_path):
    with pytest.raises(ZooError) as wrong:
        load(write(tmp_path / "theirs", checkpoints.golden(case), **changes))
    assert told in str(wrong.value)
