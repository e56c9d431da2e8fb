"""Weights of one byte: they are bytes on disk, they are served, and what they cost is told."""

import numpy as np
import pytest
import tensorflow as tf
from bad_input import refused, says
from examples import attention, causal_lm, gpt, transformer
from image_models import build
from test_signatures import headed
from test_tokenizers import learned
from walks import QUICK

import zoo
from zoo.convert.quantized import floats, quantized
from zoo.core.folders import verify
from zoo.recipe.sections import Export
from zoo.serving.export import export, num_bytes
from zoo.serving.in_bytes import weighed
from zoo.serving.signatures import Served
from zoo.tokenizers.bytes import Bytes

WIDE = {"hidden_dim": 128, "initializer_range": 0.02}
IDS = np.random.default_rng(0).integers(0, 257, (2, 12))


@pytest.fixture(scope="module")
def task():
    return causal_lm({**gpt(max_sequence_length=64), **WIDE}, vocabulary_size=257)


def probabilities(task):
    return np.array(tf.nn.softmax(task({"token_ids": IDS})))


def test_a_copy_is_rounded_and_the_model_is_left_as_it_was(task):
    before = [weight.numpy() for weight in task.weights]
    logits = np.array(task({"token_ids": IDS}))
    copy = quantized(task, "int8")
    assert [w.numpy().tolist() for w in task.weights] == [x.tolist() for x in before]
    np.testing.assert_array_equal(task({"token_ids": IDS}), logits)
    bytes_ = sum(weight.numpy().size for weight in copy.weights if weight.dtype == "int8")
    assert bytes_ > 0.8 * task.count_params()
    assert 0 < np.abs(probabilities(copy) - probabilities(task)).max() < 0.01


def test_what_stays_as_floats_is_known_by_its_layers(task):
    found = floats(quantized(task, "int8"))
    assert next(iter(found)) == "Learned"
    assert found["Learned"] == 64 * 128
    # Biases and the scales of columns: small beside what was rounded.
    assert sum(found.values()) - found["Learned"] < 0.05 * task.count_params()


def test_a_model_that_sees_is_rounded():
    given = weighed(Served(build("vit"), Bytes()), "int8")
    assert given.floats
    assert 0 < given.apart < 0.01


def test_heads_that_were_computed_in_turn_are_rounded_all_the_same():
    made = [
        causal_lm(transformer(attention=attention(num_parallel_heads=few), layers=1))
        for few in (1, None)
    ]
    for ours, other in zip(made[0].weights, made[1].weights):
        ours.assign(other)
    inputs = {"token_ids": IDS % 37}
    one, other = (quantized(task, "int8")(inputs) for task in made)
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_it_is_served_with_bytes_on_disk_and_says_what_that_costs(task, tmp_path):
    wanted = Export(signatures=["score"], quantize="int8")
    folder = export(Served(task, Bytes()), tmp_path / "model", wanted)
    checkpoint = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    types = checkpoint.get_variable_to_dtype_map()
    shapes = checkpoint.get_variable_to_shape_map()
    size = sum(np.prod(shapes[n]) for n, dtype in types.items() if dtype == tf.int8)
    assert size > 0.8 * task.count_params()
    assert num_bytes(folder) < 0.5 * 4 * task.count_params()
    said = verify(folder)["quantize"]
    assert said["mode"] == "int8"
    assert 0 < said["largest_difference_of_a_probability"] < 0.01
    card = (folder / "README.md").read_text()
    assert "Floats stay in: Learned 8,192," in card
    assert f"`causal_lm`, {task.count_params():,} parameters" in card
    served = tf.saved_model.load(str(folder)).signatures
    copy, text = quantized(task, "int8"), "def area(w)"
    live = tf.nn.log_softmax(copy({"token_ids": np.array([[256, *text.encode()]])}))[0, :-1]
    nats = np.array(live)[np.arange(len(text)), list(text.encode())].sum()
    found = served["score"](text=tf.constant([text]))["log_likelihood"]
    np.testing.assert_allclose(found, [nats], atol=1e-3)


def test_onnx_holds_bytes_too(tmp_path):
    pytest.importorskip("tf2onnx", reason="pip install 'attention-zoo[onnx]'")
    words = learned("word_piece")
    task = headed(words, "text_classifier", num_classes=3)
    wanted = Export(format="onnx", quantize="int8")
    folder = export(Served(task, words), tmp_path / "model", wanted)
    import onnx

    written = onnx.load(str(folder / "logits.onnx"))
    stored = {tensor.data_type for tensor in written.graph.initializer if len(tensor.dims) > 1}
    assert onnx.TensorProto.INT8 in stored
    assert verify(folder)["quantize"]["mode"] == "int8"


def test_what_cannot_hold_bytes_says_what_can(task, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="pip install 'attention-zoo[litert]'")
    wanted = Export(format="litert", quantize="int8")
    message = refused(export, Served(task, Bytes()), tmp_path / "model", wanted)
    says(message, "quantize: litert has no products of bytes", "saved_model or onnx")


@pytest.mark.slow
def test_a_run_is_measured_and_exported_as_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("def area(w, h): return w * h\n" * 400)
    recipe = zoo.load_recipe("quickstart", [*QUICK, "export.signatures=[start]"], tiny=True)
    zoo.train(recipe, "runs/mine")
    plain = zoo.evaluate("runs/mine", batches=2)
    rounded = zoo.evaluate("runs/mine", batches=2, quantize="int8")
    assert 0 < abs(plain["loss"] - rounded["loss"]) < 0.01
    folder = zoo.export("runs/mine", quantize="int8")
    assert folder.parts == ("saved_models", "mine_int8", "1")
    compared = verify(folder)["quantize"]["compared"]["rows"]
    assert compared["loss"][0] != compared["loss"][1]
    assert "| loss |" in (folder / "README.md").read_text().split("`int8`")[1]
