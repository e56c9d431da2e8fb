"""DETR: a picture that is read, and queries that answer with classes and boxes, as a set."""

import json
from pathlib import Path

import checkpoints
import keras
import numpy as np
import pytest
from checkpoints import golden, pictures
from keras import ops

from zoo.backbones import Backbone
from zoo.convert._hugging_face import parts
from zoo.convert.config import Config
from zoo.convert.families.detr import Detr
from zoo.convert.folder import load
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.tasks import Task
from zoo.tasks._set_loss import Objects

CASE = golden(Path(__file__).parent / "golden" / "detr.npz")
BESIDE = json.loads(str(CASE["preprocessor"]))
CONFIG = Config(json.loads(str(CASE["config"])), "detr", BESIDE)
WRITTEN, HEAD = parts(Detr(), CONFIG)
SIZES = {"image_size": CASE["x"].shape[1], "num_classes": HEAD["num_classes"]}
QUERIES, EMPTY = WRITTEN["num_queries"], "block_0/attention/value/kernel"


def written(norm="frozen_batch_norm", **options):
    found = json.loads(json.dumps(WRITTEN).replace("frozen_batch_norm", norm))
    return {**found, **options}


def build(norm="frozen_batch_norm", **options):
    return make(Task, HEAD, backbone=make(Backbone, written(norm, **options)))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """The model with the weights of the original."""
    return load(checkpoints.write(tmp_path_factory.mktemp("detr"), CASE))


@pytest.fixture(scope="module")
def images(theirs):
    """Pictures as the model is given them, 0 to 255."""
    return pictures(theirs.backbone.encoder, CASE["x"])


def test_it_computes_what_the_original_computes(theirs, images):
    found = theirs(images)
    for name in ("logits", "boxes"):
        np.testing.assert_allclose(found[name], CASE[name][-1], atol=1e-4)
    each, _ = theirs.encode({"images": ops.convert_to_tensor(images["images"])})
    np.testing.assert_allclose(each.logits, CASE["logits"], atol=1e-4)
    np.testing.assert_allclose(each.boxes, CASE["boxes"], atol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_what_a_picture_is_filled_up_with_is_not_looked_at(theirs, images, jit_compile):
    """Nor counted where places stand, and pictures that fill all are what they are alone."""
    import tensorflow as tf

    given = {**images, "pixel_mask": CASE["mask"] == 1}
    found = tf.function(theirs, jit_compile=jit_compile)(given)
    np.testing.assert_allclose(found["logits"], CASE["filled_logits"], atol=1e-4)
    np.testing.assert_allclose(found["boxes"], CASE["filled_boxes"], atol=1e-4)
    np.testing.assert_allclose(found["boxes"][0], CASE["boxes"][-1][0], atol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_it_loses_what_the_original_loses(theirs, jit_compile):
    """Under XLA too, the matching of answers and objects included."""
    import tensorflow as tf

    found = Objects(*(tf.constant(CASE[name]) for name in ("logits", "boxes")))
    measure = tf.function(theirs.measure, jit_compile=jit_compile)
    measured = measure(found, tf.constant(CASE["targets"]), tf.ones((3, 1)))
    np.testing.assert_allclose(measured.loss, CASE["loss"], rtol=1e-5)
    np.testing.assert_allclose(measured.nats, CASE["last"], rtol=1e-5)


def test_neither_padding_nor_the_order_of_objects_changes_the_loss(theirs, draw):
    found = Objects(*(CASE[name] for name in ("logits", "boxes")))
    targets, counts = CASE["targets"], np.ones((3, 1), "float32")
    wanted = theirs.measure(found, targets, counts)[:3]
    turned = theirs.measure(found, targets[:, [2, 0, 1]], counts)[:3]
    np.testing.assert_allclose(turned, wanted, rtol=1e-5)
    other = (draw.uniform(size=x[:, :1].shape).astype("float32") for x in found)
    more = Objects(*(np.concatenate(pair, axis=1) for pair in zip(found, other)))
    padded = np.concatenate([targets, targets[:1]])
    counts = np.array([[1], [1], [1], [0]], "float32")
    np.testing.assert_allclose(theirs.measure(more, padded, counts)[:3], wanted, rtol=1e-5)


def test_answers_that_are_right_lose_least_and_hit():
    """Boxes are exact, and the class of one of two objects."""
    task, targets = build(), np.array([[[1, 0.3, 0.3, 0.2, 0.2], [2, 0.7, 0.6, 0.4, 0.3]]], "f4")
    boxes = np.tile(np.array([0.5, 0.5, 0.9, 0.9], "f4"), (2, 1, QUERIES, 1))
    logits = np.tile(np.array([0, 0, 0, 0, 20], "f4"), (2, 1, QUERIES, 1))
    boxes[:, 0, [5, 2]], logits[:, 0, [5, 2]] = targets[0, :, 1:], [0, 20, 0, 0, 0]
    found = task.measure(Objects(logits, boxes), targets, np.ones((1, 1)))
    loss, last, accuracy = (float(x) for x in found[:3])
    nats = 20 / (2 + 0.1 * (QUERIES - 2))
    np.testing.assert_allclose([loss, last, accuracy], [2 * nats, nats, 0.5], rtol=1e-4)


def test_objects_that_are_more_than_the_queries_are_refused():
    found = Objects(*(CASE[name] for name in ("logits", "boxes")))
    with pytest.raises(ZooError, match="found 8 objects a picture, but 7 queries"):
        build().measure(found, np.zeros((3, 8, 5), "float32"), np.ones((3, 1)))


def test_all_layers_share_the_queries_and_batch_norms_are_frozen():
    task = build()
    tables = [w for w in task.trainable_weights if tuple(w.shape) == (QUERIES, 32)]
    assert len(tables) == 1
    layers = task.backbone.transformer_layers
    looks = [one for b in layers for one in (b.attention, b.cross_attention)]
    assert all(look.position.own().embeddings is tables[0] for look in looks)
    assert not [w.path for w in task.trainable_weights if "normalize" in w.path]
    assert [w.path for w in build("batch_norm").trainable_weights if "normalize" in w.path]


def test_frozen_norms_are_the_same_in_training(theirs, images):
    look = theirs.backbone.encoder.look
    plain = look(ops.convert_to_tensor(images["images"]))
    theirs.backbone(images, training=True)
    np.testing.assert_array_equal(look(ops.convert_to_tensor(images["images"])), plain)


def test_every_weight_learns_in_fit():
    """But the values of the first layer of the decoder, whose places hold nothing yet."""
    encoder = written("batch_norm")["encoder"]
    few = [encoder["stages"][place] for place in (0, 3, 6)]
    task = build(encoder={**encoder, "image_size": 16, "stages": few})
    images = np.random.default_rng(0).normal(size=(4, 16, 16, 3))
    targets = np.tile(CASE["targets"][:1], (4, 1, 1))
    for weight in task.trainable_weights:
        if weight.path.endswith("gamma"):
            weight.assign(ops.ones_like(weight))
    before = [np.array(weight) for weight in task.trainable_weights]
    task.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)
    told = task.fit({"images": images}, targets, batch_size=4, epochs=3, verbose=0)
    assert told.history["loss"][-1] < told.history["loss"][0]
    pairs = zip(task.trainable_weights, before)
    assert [weight.path for weight, old in pairs if np.array_equal(weight, old)] == [EMPTY]


def test_a_saved_model_answers_the_same(theirs, images, tmp_path):
    theirs.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    found, wanted = (model(images) for model in (again, theirs))
    for name, answer in wanted.items():
        np.testing.assert_array_equal(found[name], answer)
    assert to_config(again.backbone) == to_config(theirs.backbone)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_queries": 8}, "found 8, but the positions of the blocks end at 7"),
        (
            {"blocks": written()["encoder"]["blocks"]},
            "found post_norm, which looks at no source",
        ),
        ({"encoder": written()}, "found image_encoder_decoder, expected one that reads pictures"),
    ],
)
def test_what_does_not_fit_together_is_said(options, said):
    with pytest.raises(ZooError, match=said):
        make(Backbone, written(**options))
