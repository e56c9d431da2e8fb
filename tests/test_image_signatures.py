"""What models that see answer from a graph, to files of pictures, is what they are."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from image_models import build
from PIL import Image
from python_free import Client, built
from test_python_free import answers_its_requests
from test_signatures import asked

from zoo.core.kinds import make, to_config
from zoo.data.batching.images import Images
from zoo.data.decoding import decoded, fitted
from zoo.insight.weights import weights
from zoo.serving.export import by_default, export
from zoo.serving.signatures import Served
from zoo.tasks import Task
from zoo.tokenizers.bytes import Bytes

NAMES = ["ant", "bee", "cat", "dog", "elk"]


@pytest.fixture(scope="module")
def task():
    return build("vit")


@pytest.fixture(scope="module")
def size(task):
    return task.input["images"].shape[1]


def drawn(draw, height, width):
    return draw.integers(0, 256, (height, width, 3)).astype("uint8")


def file(pixels, kind="PNG", **options):
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, kind, **options)
    return written.getvalue()


def refused(function, given):
    """What a graph says of what it cannot look at."""
    with pytest.raises(tf.errors.InvalidArgumentError) as wrong:
        function(given)
    return str(wrong.value)


def read(content, num_channels=3):
    return tf.function(lambda one: decoded(one, num_channels), autograph=False)(content).numpy()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG"])
def test_a_file_is_read_as_another_library_reads_it(kind, draw):
    content = file(drawn(draw, 7, 5), kind)
    wanted = np.array(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    assert np.abs(read(content) - wanted).max() <= (
        4 if kind == "JPEG" else 0
    )  # as fast decoders round
    assert read(content, 1).shape == (7, 5, 1)


def test_of_pictures_that_move_the_first_is_read(draw):
    frames = [Image.fromarray(drawn(draw, 4, 4)) for _ in range(3)]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read(written.getvalue()), np.array(frames[0].convert("RGB")))


def test_the_middle_of_a_picture_is_seen(draw):
    pixels = drawn(draw, 8, 12)
    np.testing.assert_array_equal(fitted(pixels, 8, 12), pixels)
    np.testing.assert_allclose(fitted(pixels, 8, 8), pixels[:, 2:10], atol=1e-4)
    np.testing.assert_allclose(fitted(pixels, 4, 6, 0.5), pixels[2:6, 3:9], atol=1e-4)
    smaller = Image.fromarray(pixels[:, 2:10]).resize((3, 3), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(fitted(pixels, 3, 3), np.array(smaller), atol=1)
    assert fitted(np.stack([pixels, pixels]), 5, 7).shape == (2, 5, 7, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
def test_what_is_no_picture_or_a_damaged_one_is_refused(kind, draw):
    content = file(drawn(draw, 30, 30), kind)
    for end in (0, 1, 12, 20, 28, 60):
        refused(read, content[:end])
    said = refused(read, b"<svg/>")
    assert "image: is no JPEG, PNG, GIF or BMP picture." in said


@pytest.mark.parametrize(
    ("kind", "at", "written"),
    [
        ("PNG", 16, b"\0\1\0\0\0\1\0\0"),
        ("GIF", 6, b"\xff\xff\xff\xff"),
        ("BMP", 18, b"\0\0\1\0\0\0\xff\xff"),
    ],
)
def test_a_small_file_of_a_huge_picture_is_not_decoded(kind, at, written, draw):
    content = file(drawn(draw, 4, 4), kind)
    content = content[:at] + written + content[at + len(written) :]
    said = refused(read, content)
    assert f"found {'65535 × 65535' if kind == 'GIF' else '65536 × 65536'} pixels" in said


def test_a_jpeg_tells_its_size_before_it_is_decoded(draw):
    content = file(drawn(draw, 16, 16), "JPEG")
    at = content.index(b"\xff\xc0") + 5
    said = refused(read, content[:at] + b"\xea\x60\xea\x60" + content[at + 4 :])
    assert "found 60000 × 60000 pixels, expected 1 to 33,554,432." in said


def likeliest(task, pixels):
    """The names of classes and their probabilities, as the live model ranks them."""
    live = np.array(keras.ops.softmax(task({"images": pixels[None]})))[0]
    order = np.argsort(-live)
    return [NAMES[place].encode() for place in order], live[order]


def test_classes_of_files_are_those_of_the_live_model(task, size, draw):
    batching = Images(labels=NAMES, height=size, width=size, batch_size=1)
    functions = asked(task, Bytes(), "classify", batching)
    assert sorted(functions) == ["classify", "classify_pixels", "serving_default"]
    seen = [drawn(draw, size, size), drawn(draw, size + 9, 2 * size)]
    found = functions["classify"](tf.constant([file(one) for one in seen]))
    for row, pixels in enumerate([seen[0].astype("float32"), fitted(seen[1], size, size).numpy()]):
        names, probabilities = likeliest(task, pixels)
        assert found["labels"][row].numpy().tolist() == names
        np.testing.assert_allclose(found["probabilities"][row], probabilities, atol=1e-5)
    for row, pixels in enumerate(seen):
        by_pixels = functions["classify_pixels"](tf.constant(pixels[None]))
        np.testing.assert_allclose(
            by_pixels["probabilities"][0], found["probabilities"][row], atol=1e-6
        )
    assert functions["classify"](tf.constant([], tf.string))["labels"].shape == (0, 5)


def test_a_model_that_no_recipe_trained_says_how_much_it_is_shown(size, draw):
    whole, near = (build("vit", kept=share) for share in (1.0, 0.5))
    near.set_weights(whole.get_weights())
    pixels = tf.constant(drawn(draw, 2 * size, 2 * size)[None])
    ask = asked(near, Bytes(), "classify")["classify_pixels"]
    seen = fitted(pixels[0], size, size, 0.5).numpy()
    found = ask(pixels)["probabilities"][0]
    np.testing.assert_allclose(found, likeliest(whole, seen)[1], atol=1e-5)


def test_the_picture_that_is_none_is_named(task, size, draw):
    ask = asked(task, Bytes(), "classify")["classify"]
    files = tf.constant([file(drawn(draw, size, size)), b"no picture"])
    said = refused(ask, files)
    assert r"image[1]: is no JPEG, PNG, GIF or BMP picture." in said


def test_a_picture_is_a_vector(task, size, draw):
    pixels = drawn(draw, size, size)
    hidden = np.array(task.backbone({"images": pixels[None]}))[0]
    for pooling, wanted in (("mean", hidden.mean(0)), ("first", hidden[0])):
        ask = asked(task, Bytes(), {"kind": "embed", "pooling": pooling})["embed"]
        found = ask(tf.constant([file(pixels)]))["embedding"][0]
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["vit", "coatnet", "botnet", "mobilevit", pytest.param("levit", marks=pytest.mark.slow)]
)
def test_what_places_looked_at_is_what_the_live_model_looked_at(name, draw):
    task = build(name)
    pixels = drawn(draw, *task.input["images"].shape[1:3])
    live = list(weights(task, {"images": pixels[None]}).values())
    ask = asked(task, Bytes(), "attend")["attend"]
    for layer, head in ((0, 1), (len(live) - 1, 0), (0, -1)):
        given = [tf.constant([file(pixels)] * 2), tf.constant([layer]), tf.constant([head])]
        found = {key: x.numpy() for key, x in ask(*given).items()}
        table, hidden = (part[0] for part in live[layer])
        wanted = table.mean(0) if head < 0 else table[head]
        np.testing.assert_allclose(found["weights"][1], wanted, atol=1e-5)
        assert found["seen"].all() == (not hidden.any())
        places = found["height"] * found["width"]
        assert (places + (name == "vit") == wanted.shape[1]).all()
        assert found["num_heads"].shape == (2, len(live))
    several = [tf.constant([file(pixels)] * 2), tf.constant([0, 1]), tf.constant([0])]
    if len(live) > 1:
        assert "the same for all pictures" in refused(lambda given: ask(*given), several)
    several[1] = tf.constant([len(live)])
    assert f"layer: expected 0 to {len(live) - 1}" in refused(lambda given: ask(*given), several)


@pytest.fixture(scope="module")
def folder(task, size, tmp_path_factory):
    served = Served(task, Bytes(), Images(labels=NAMES, height=size, width=size, batch_size=1))
    assert by_default(served) == ["classify", "attend", "embed"]
    return export(served, tmp_path_factory.mktemp("models") / "sees")


def test_an_exported_model_says_how_it_is_asked(folder, size):
    told = (folder / "README.md").read_text()
    assert f"pictures of {size} × {size} places" in told
    assert '[{"image": {"b64": "\'$(base64 -w0 picture.jpg)\'"}}]' in told
    assert "vocabulary has" not in told


def test_it_answers_without_python(folder, tmp_path):
    client = Client(built(tmp_path), folder)
    assert answers_its_requests(client, folder) == {"classify", "embed", "attend"}
    assert client.close() == 0


def test_a_model_that_names_its_classes_needs_no_batching_for_them(task, size, draw):
    named = make(Task, {**to_config(task), "labels": NAMES}, backbone=task.backbone)
    ask = asked(named, Bytes(), "classify")["classify"]
    found = ask(tf.constant([file(drawn(draw, size, size))]))
    assert set(found["labels"][0].numpy().tolist()) == {name.encode() for name in NAMES}
