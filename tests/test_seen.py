"""What a run does with a picture: each part against the plain mathematics of it, and the page."""

import html.parser

import numpy as np
import pytest
from bad_input import refused, says
from image_models import build
from PIL import Image
from typer.testing import CliRunner

from zoo import cli
from zoo.data.decoding import fitted
from zoo.insight import seen, seen_folder
from zoo.insight.weights import weights


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    """A picture larger than the model takes."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype("uint8")
    file = tmp_path_factory.mktemp("pictures") / "some.png"
    Image.fromarray(pixels).save(file)
    return file


@pytest.fixture(scope="module")
def found(picture_run, picture):
    return seen.see(picture_run, str(picture))


def test_a_file_is_seen_as_it_is_served(found, picture):
    np.testing.assert_allclose(found.pixels, fitted(np.array(Image.open(picture)), 8, 8), atol=1e-4)
    assert sum(share for _, share in found.classes) == pytest.approx(1)
    assert found.classes[0][1] >= found.classes[1][1]


def test_a_held_out_picture_is_seen(picture_run):
    one, other = (seen.see(picture_run, document=place) for place in (0, 1))
    assert one.name != other.name
    assert (one.pixels != other.pixels).any()
    assert one.pixels.shape == (8, 8, 3)


def test_a_pixel_moves_the_score_by_what_is_said(draw):
    task, pixels = build("vit"), draw.uniform(0, 255, (16, 16, 3)).astype("float32")
    size = task.input["images"].shape[1]
    pixels = np.resize(pixels, (size, size, 3))
    moved, scores = seen._moved(task, pixels)
    best, step = int(scores.argmax()), 1e-2
    centred = pixels - pixels.mean(axis=(0, 1))
    for row, column in ((0, 0), (5, 3)):
        change = np.zeros_like(pixels)
        change[row, column] = step * centred[row, column]
        ends = [task.run({"images": (pixels + s * change)[None]})[0][0, best] for s in (1, -1)]
        slope = (float(ends[0]) - float(ends[1])) / (2 * step)
        assert moved[row, column] == pytest.approx(slope, rel=0.05, abs=1e-5)


def test_the_class_token_looks_where_there_is_one(draw):
    task = build("vit")
    images = draw.uniform(0, 255, (1, *task.input["images"].shape[1:]))
    (one, *_), (table, *_) = seen.looking(task.backbone), weights(task, {"images": images}).values()
    by_token, by_all = (seen._spots(one, table, by).given for by in (True, False))
    np.testing.assert_allclose(by_token[1].ravel(), table.weights[0, 1, 0, 1:], atol=1e-6)
    mean = table.weights[0, 1, 1:, 1:].mean(axis=0)
    np.testing.assert_allclose(by_all[1].ravel(), mean, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "grids"),
    [
        ("mobilevit", [(7, 7)] * 2 + [(4, 4)] * 2),
        ("levit", [(5, 5)] * 3 + [(3, 3)] * 2 + [(2, 2)]),
        ("cvt", [(7, 7)] + [(4, 4)] * 2 + [(2, 2)] * 3),
    ],
)
def test_layers_tell_what_they_look_around_in(name, grids, draw):
    """Also those that ask, or are asked, by steps, and those that look at parts of a picture."""
    task = build(name)
    images = draw.uniform(0, 255, (2, *task.input["images"].shape[1:]))
    layers, found = list(seen.looking(task.backbone)), weights(task, {"images": images})
    assert [one.grid for one in layers] == grids
    for one, (height, width) in zip(layers, grids):
        given, hidden = found[one.name]
        first = int(name == "cvt" and one.name.startswith("layer"))
        assert given.shape == hidden.shape == (2, *given.shape[1:3], first + height * width)
        np.testing.assert_allclose(given.sum(axis=-1), 1, atol=1e-5)
        assert seen._spots(one, found[one.name], bool(first)).given.shape[1:] == (height, width)


def test_what_was_not_looked_at_is_dark():
    pixels = np.full((4, 4, 3), 200.0)
    found = seen_folder.lit(pixels, np.array([[1.0, 0.0], [0.5, 1.0]]))
    assert found[0, 0].tolist() == found[3, 3].tolist() == [200] * 3
    assert found[0, 3].tolist() == [46, 53, 66]  # 0.2 × 200 and 0.8 × (8, 16, 32)
    assert found[3, 0].tolist() == [123, 126, 133]


def test_the_page_holds_its_pictures(picture_run, picture, tmp_path):
    asked = ["explain", str(picture_run), str(picture), "--to", str(tmp_path / "page")]
    done = CliRunner().invoke(cli.app, asked)
    assert done.exit_code == 0, done.output
    assert "stage 2 0 attention: most to row" in done.output
    text = (tmp_path / "page" / "index.html").read_text()
    html.parser.HTMLParser().feed(text)
    assert text.count("data:image/png;base64,") == 2
    for name in ("attention", "predicted"):
        drawn = np.array(Image.open(tmp_path / "page" / f"{name}.png").convert("L"))
        assert drawn.std() > 10


def test_what_is_no_picture_is_refused(picture_run, tmp_path):
    (tmp_path / "text.png").write_text("text")
    says(refused(seen.see, picture_run, str(tmp_path / "text.png")), "text.png", "is no JPEG")
    says(refused(seen.see, picture_run, str(tmp_path / "none.png")), "none.png cannot be read")
    says(refused(seen.see, picture_run, document=999), "document: found 999", "expected 0 to")
    says(refused(seen.see, picture_run), "expected a picture, or the number")
