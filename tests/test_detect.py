"""What models that find objects answer from a graph, to files of pictures, is what they are."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from python_free import Client, built
from test_detr import QUERIES, SIZES, build
from test_image_signatures import drawn, file
from test_python_free import answers_its_requests
from test_signatures import asked

from zoo.data.batching.boxes import Boxes
from zoo.data.decoding import fitted
from zoo.serving.export import by_default, export
from zoo.serving.signatures import Served
from zoo.tokenizers.bytes import Bytes

SIZE = SIZES["image_size"]
NAMES = [f"kind {place}" for place in range(SIZES["num_classes"])]


@pytest.fixture(scope="module")
def task():
    return build()


@pytest.fixture(scope="module")
def batching():
    return Boxes(labels=NAMES, height=SIZE, width=SIZE, batch_size=1, max_boxes=3)


def live(task, pixels):
    """Labels, scores and boxes of what the live model sees, the surest first."""
    found = task({"images": pixels[None]})
    shares = np.array(keras.ops.softmax(found["logits"]))[0, :, :-1]
    order = np.argsort(-shares.max(-1), kind="stable")
    x, y, wide, high = np.array(found["boxes"])[0][order].T
    corners = np.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], axis=1)
    return [NAMES[one].encode() for one in shares.argmax(-1)[order]], shares.max(-1)[order], corners


def test_objects_are_those_of_the_live_model(task, batching, draw):
    functions = asked(task, Bytes(), "detect", batching)
    assert sorted(functions) == ["detect", "detect_pixels", "serving_default"]
    pixels = drawn(draw, SIZE, SIZE)
    labels, scores, boxes = live(task, pixels.astype("float32"))
    for given in (
        functions["detect"](tf.constant([file(pixels)])),
        functions["detect_pixels"](tf.constant(pixels[None])),
    ):
        assert given["labels"][0].numpy().tolist() == labels
        np.testing.assert_allclose(given["scores"][0], scores, atol=1e-5)
        np.testing.assert_allclose(given["boxes"][0], boxes.clip(0, 1), atol=1e-5)


def test_boxes_lie_in_the_picture_as_it_was_given(task, batching, draw):
    ask = asked(task, Bytes(), "detect", batching)["detect"]
    wide = drawn(draw, SIZE, 2 * SIZE)  # of which the middle half is seen
    found = ask(tf.constant([file(wide), file(wide.transpose(1, 0, 2))]))
    for row, pixels in enumerate((wide, wide.transpose(1, 0, 2))):
        _, scores, boxes = live(task, fitted(pixels, SIZE, SIZE).numpy())
        boxes[:, [row, row + 2]] = 0.25 + boxes[:, [row, row + 2]] / 2
        np.testing.assert_allclose(found["scores"][row], scores, atol=1e-5)
        np.testing.assert_allclose(found["boxes"][row], boxes.clip(0, 1), atol=1e-5)


def test_it_is_exported_and_answers_without_python(task, batching, tmp_path):
    served = Served(task, Bytes(), batching)
    assert by_default(served) == ["detect"]
    folder = export(served, tmp_path / "finds")
    client = Client(built(tmp_path), folder)
    assert answers_its_requests(client, folder) == {"detect"}
    assert client.close() == 0
    assert "boxes float32 `b q 4`" in (folder / "README.md").read_text()
    assert task({"images": np.zeros((1, SIZE, SIZE, 3))})["boxes"].shape[1] == QUERIES
