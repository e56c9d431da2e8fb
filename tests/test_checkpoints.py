"""A model from any folder, made longer, written again, and trained on."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import keras_hub
import numpy as np
import pytest
from examples import causal_lm, gpt
from test_convert import parts, write
from typer.testing import CliRunner

import zoo
from zoo.cli import app
from zoo.core.errors import ZooError

GOLDEN = Path(__file__).parent / "golden" / "checkpoints"
TEXT = "the quick brown fox jumps over the lazy dog\n" * 60


def theirs(name, folder):
    with np.load(GOLDEN / f"{name}.npz") as found:
        golden = {name: found[name] for name in found.files}
    return write(folder, golden), parts(golden, "inputs/")


@pytest.mark.parametrize("name", ["bert_0", "bert_2", "gpt2_0", "marian_0"])
def test_a_preset_answers_like_the_folder_it_came_from(name, tmp_path):
    folder, inputs = theirs(name, tmp_path / "theirs")
    model = zoo.load(folder)
    zoo.save(model, tmp_path / "ours")
    again = zoo.load(tmp_path / "ours")
    assert type(again) is type(model)
    np.testing.assert_array_equal(again(inputs), model(inputs))


@pytest.mark.parametrize(
    ("name", "attention"),
    [
        ("bert_0", "local"),
        ("bert_0", "longformer"),
        ("bert_2", "big_bird"),
        ("gpt2_0", "local"),
        ("gpt2_0", "big_bird"),
    ],
)
def test_a_longer_model_answers_short_texts_as_before(name, attention, tmp_path, draw):
    folder, inputs = theirs(name, tmp_path / "theirs")
    model = zoo.load(folder)
    longer = zoo.lengthen(model, attention, 80, window=20)
    told = {"global_mask": np.zeros((2, 11), bool)} if attention == "longformer" else {}
    tokens = inputs["padding_mask"]
    found = np.array(longer({**inputs, **told}))[tokens]
    np.testing.assert_allclose(found, np.array(model(inputs))[tokens], atol=1e-5)
    long = {"token_ids": draw.integers(0, 37, (2, 80))}
    told = {"global_mask": np.zeros((2, 80), bool)} if attention == "longformer" else {}
    assert np.isfinite(np.array(longer({**long, **told}))).all()
    zoo.save(longer, tmp_path / "longer")
    again = zoo.load(tmp_path / "longer")({**long, **told})
    np.testing.assert_array_equal(again, longer({**long, **told}))


def test_bert_with_global_tokens_is_a_longformer_that_hugging_face_knows(tmp_path):
    folder, _ = theirs("bert_0", tmp_path / "theirs")
    longer = zoo.lengthen(zoo.load(folder), "longformer", 80, window=20)
    zoo.save(longer, tmp_path / "back", "longformer")
    config = json.loads((tmp_path / "back" / "config.json").read_text())
    assert config["attention_window"] == [20, 20]
    assert config["max_position_embeddings"] == 82


@pytest.mark.parametrize(
    ("attention", "length", "words"),
    [
        ("local", 16, "found 16, expected more than its 16 places"),
        ("longformer", 32, "attention: found 'longformer', expected one of big_bird, local"),
    ],
)
def test_what_cannot_be_made_longer_is_refused(attention, length, words, tmp_path):
    folder, _ = theirs("gpt2_0", tmp_path / "theirs")
    with pytest.raises(ZooError, match=words):
        zoo.lengthen(zoo.load(folder), attention, length)


@pytest.fixture
def ours(tmp_path):
    """A causal model of bytes, as a preset."""
    model = causal_lm(gpt(max_sequence_length=16), vocabulary_size=257)
    zoo.save(model, tmp_path / "ours")
    return model, tmp_path / "ours"


def recipe(tmp_path, folder, batching, **model):
    texts = [{"text": text, "label": text[0]} for text in TEXT.split()]
    (tmp_path / "texts.jsonl").write_text("\n".join(map(json.dumps, texts)))
    written = {
        "tokenizer": "bytes",
        "data": {
            "source": {
                "kind": "json_lines",
                "path": str(tmp_path / "texts.jsonl"),
                "answer": "label",
            },
            "batching": {"batch_size": 2, **batching},
        },
        "model": {"task": "causal_lm", "checkpoint": str(folder), **model},
        "training": {
            "steps": 1,
            "optimizer": "adam",
            "schedule": {"kind": "constant", "peak": 1e-9},
            "jit_compile": False,
        },
    }
    (tmp_path / "again.yaml").write_text(json.dumps(written))
    return str(tmp_path / "again.yaml")


def alike(model, other):
    """One step of training with no rate to speak of has changed next to nothing."""
    for one, two in zip(model.weights, other.weights, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_training_begins_with_the_weights_of_a_checkpoint(ours, tmp_path, capsys):
    model, folder = ours
    windows = {"kind": "windows", "sequence_length": 12}
    again = zoo.load_recipe(recipe(tmp_path, folder, windows))
    zoo.train(again, tmp_path / "run")
    assert f"Beginning with the weights of {folder}.\n" in capsys.readouterr().out
    shutil.rmtree(folder)
    alike(zoo.load(tmp_path / "run"), model)


def test_another_task_has_a_new_head_on_the_same_backbone(ours, tmp_path, capsys):
    model, folder = ours
    labels = sorted({word[0] for word in TEXT.split()})
    labelled = {"kind": "labelled", "sequence_length": 12, "labels": labels}
    task = {"kind": "text_classifier", "num_classes": len(labels), "pooling": "last"}
    again = zoo.load_recipe(recipe(tmp_path, folder, labelled, task=task))
    zoo.train(again, tmp_path / "run")
    assert "and with a new head.\n" in capsys.readouterr().out
    alike(zoo.load(tmp_path / "run").backbone, model.backbone)


def test_weights_that_do_not_fit_are_named(ours, tmp_path):
    _, folder = ours
    windows = {"kind": "windows", "sequence_length": 12}
    asked = recipe(tmp_path, folder, windows)
    with pytest.raises(ZooError, match=r"model\.checkpoint: its weights do not fit") as said:
        zoo.train(zoo.load_recipe(asked, ["model.num_layers=3"]), tmp_path / "run")
    assert "block_2/attention/query/kernel: nothing -> [16, 4, 6]" in str(said.value)
    missing = tmp_path / "missing"
    with pytest.raises(ZooError, match=r"model\.checkpoint: .*missing: there is no folder with a"):
        zoo.load_recipe(asked, [f"model.checkpoint={missing}"])


READS = """
import sys
import zoo
_, recipe, folder = sys.argv
print(zoo.load_recipe(recipe, [f"model.checkpoint={folder}"]).tree["model"]["num_layers"])
heavy = {"keras", "tensorflow", "keras_hub"} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_recipe_reads_what_a_checkpoint_holds_without_keras(ours, tmp_path):
    model, preset = ours
    hub, _ = theirs("bert_0", tmp_path / "hub")
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "recipe.yaml").touch()
    zoo.save(model, tmp_path / "run" / "checkpoints" / "best")
    asked = recipe(tmp_path, preset, {"kind": "windows", "sequence_length": 12})
    for folder in (hub, tmp_path / "run"):
        began = time.perf_counter()
        command = [sys.executable, "-c", READS, asked, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "2\n"
        assert time.perf_counter() - began < 5  # loose: no heavy import is what keeps it quick


def test_the_command_converts(tmp_path, capsys):
    folder, _ = theirs("gpt2_0", tmp_path / "theirs")
    longer = ["--attention", "local", "--max-sequence-length", "64"]
    done = CliRunner().invoke(app, ["convert", str(folder), str(tmp_path / "long"), *longer])
    assert done.exit_code == 0, done.output
    assert zoo.load(tmp_path / "long").backbone.max_sequence_length == 64
    back = ["convert", str(folder), str(tmp_path / "back"), "--family", "gpt2"]
    assert CliRunner().invoke(app, back).exit_code == 0
    with (tmp_path / "back" / "model.safetensors").open("rb") as one:
        assert len(one.read()) > 1000
    again = CliRunner().invoke(app, back)
    assert "exists already, and is left as it is" in str(again.exception)


HUB = {
    "BertBackbone": ["token_ids", "padding_mask", "segment_ids"],
    "DistilBertBackbone": ["token_ids", "padding_mask"],
    "GPT2Backbone": ["token_ids", "padding_mask"],
}


@pytest.mark.parametrize("name", HUB)
def test_a_preset_of_keras_hub_answers_as_it_does_there(name, tmp_path, draw):
    sizes = {"vocabulary_size": 37, "num_layers": 2, "num_heads": 2, "hidden_dim": 12}
    sizes |= {"intermediate_dim": 20, "max_sequence_length": 16}
    theirs = getattr(keras_hub.models, name)(**sizes)
    for weight in theirs.weights:
        weight.assign(draw.normal(size=weight.shape) * 0.4)
    theirs.save_to_preset(str(tmp_path / "hub"))
    tokens = np.arange(9)[None] < np.array([[9], [6]])
    told = {"token_ids": draw.integers(0, 37, (2, 9)), "padding_mask": tokens}
    told["segment_ids"] = draw.integers(0, 2, (2, 9))
    told = {part: told[part] for part in HUB[name]}
    wanted = theirs({**told, "padding_mask": tokens.astype("int32")})
    wanted = wanted["sequence_output"] if isinstance(wanted, dict) else wanted
    found = zoo.load(tmp_path / "hub")(told)
    np.testing.assert_allclose(np.array(found)[tokens], np.array(wanted)[tokens], atol=1e-5)


def test_other_presets_of_keras_hub_are_named(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"class_name": "BartBackbone", "config": {}}))
    with pytest.raises(ZooError, match="class_name: 'BartBackbone' is not supported"):
        zoo.load(tmp_path)
