"""Checkpoints of Hugging Face: what the originals answer, ours answer; and the way back."""

import json

import checkpoints
import numpy as np
import pytest
from checkpoints import parts, write
from examples import POSITIONS, attention, causal_lm, transformer
from safetensors.numpy import load_file

from zoo.backbones import Backbone
from zoo.convert.config import Config
from zoo.convert.families import Family
from zoo.convert.families._codes import Coded
from zoo.convert.families._image import Image
from zoo.convert.folder import load, save
from zoo.core.check import differences
from zoo.core.errors import ZooError
from zoo.core.kinds import PACKAGE, find, kinds, make, to_config
from zoo.core.symbolic import symbolically
from zoo.recipe.reader import read

CASES = sorted(checkpoints.FOLDER.glob("*.npz"))


@pytest.fixture(params=CASES, ids=lambda file: file.stem)
def golden(request):
    return checkpoints.golden(request.param)


def test_every_family_has_a_case():
    cases = {file.stem.rpartition("_")[0] for file in CASES}
    families = {kind: find(Family.shelf, kind) for kind in kinds(Family.shelf)}
    elsewhere = Image | Coded
    assert cases == {kind for kind, family in families.items() if not issubclass(family, elsewhere)}


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
    written = json.loads((tmp_path / "back" / "config.json").read_text())
    assert written["model_type"] == config["model_type"]
    for name, array in back.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)
    again = load(tmp_path / "back")
    inputs = parts(golden, "inputs/")
    np.testing.assert_array_equal(again(inputs), model(inputs))


@pytest.mark.parametrize(
    ("family", "architecture"),
    [
        ("bert", "bert_base"),
        ("distilbert", "distilbert_base"),
        ("gpt2", "gpt2_small"),
        ("llama", "llama_7b"),
        ("openai_gpt", "gpt"),
    ],
)
def test_the_config_a_family_assumes_is_the_published_model(family, architecture):
    published, _ = read(PACKAGE / "architectures" / f"{architecture}.yaml")
    published["model"].pop("task")
    size = published["vocabulary_size"]
    said = {"max_position_embeddings": 2048} if family == "llama" else {}
    read_from = find(Family.shelf, family)().backbone(Config(said, family))

    def written(model):
        return to_config(make(Backbone, {"vocabulary_size": size, **model}))

    found = (symbolically(written, model) for model in (read_from, published["model"]))
    assert differences(*found) == []


@pytest.mark.parametrize(
    ("case", "family", "told"),
    [
        ("gpt2_1", "openai-gpt", "backbone.blocks.0.kind: 'pre_norm' -> 'post_norm'"),
        ("llama_0", "gpt2", "a config of gpt2 says 'max_sequence_length', which this model has"),
        ("bert_1", "distilbert", "num_segments: 3 -> 0"),
        ("bert_2", "llamas", "model_type: 'llamas' is not supported. Did you mean 'llama'?"),
        ("gpt2_0", "bert", "bert of Hugging Face has no head like causal_lm. There are: mas"),
    ],
)
def test_a_model_its_config_cannot_say_is_not_written(case, family, told, tmp_path):
    model = load(write(tmp_path / "theirs", checkpoints.golden(case)))
    with pytest.raises(ZooError) as wrong:
        save(model, family, tmp_path / "back")
    print(wrong.value)
    assert told in str(wrong.value)
    assert not (tmp_path / "back").exists()


def test_how_a_model_was_trained_need_not_be_said(tmp_path):
    inside = {"attention": attention(head_dim=4), "position": POSITIONS["learned"]}
    written = transformer(**inside, final_norm=True, memory="checkpoint")
    save(causal_lm(written, loss_chunk_size=4, label_smoothing=0.1), "gpt2", tmp_path / "gpt2")
    assert load(tmp_path / "gpt2").backbone.hidden_dim == 16
