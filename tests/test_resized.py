"""Models of pictures of one size, made models of pictures of another."""

from pathlib import Path

import checkpoints
import numpy as np
import pytest
from checkpoints import write
from keras import ops
from typer.testing import CliRunner

import zoo
from zoo.cli import app
from zoo.convert.resized import redrawn
from zoo.core.errors import ZooError
from zoo.positions._on_grid import stretched

HERE = Path(__file__).parent / "golden"
GOLDEN = np.load(HERE / "resized.npz")
GRIDS = {"larger": (4, 7), "smaller": (6, 4), "twice": (3, 6), "one": (1, 3)}


def theirs(name, folder):
    return write(folder, checkpoints.golden(HERE / "image_checkpoints" / f"{name}.npz"))


@pytest.mark.parametrize("grid", GRIDS)
def test_tables_are_resized_as_timm_resizes_them(grid):
    old, new = GRIDS[grid]
    places = GOLDEN[f"places_{grid}/old"][0]
    found = redrawn(ops.convert_to_tensor(places), 1, (old, old), (new, new))
    np.testing.assert_allclose(found, GOLDEN[f"places_{grid}/new"][0], atol=1e-5)
    moved = stretched(old, new)
    steps = GOLDEN[f"steps_{grid}/old"].reshape(2 * old - 1, 2 * old - 1, -1)
    found = np.einsum("yxh,ay,bx->abh", steps, moved, moved)
    wanted = GOLDEN[f"steps_{grid}/new"].reshape(found.shape)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("name", ["coatnet_0", "vision_transformer_0"])
def test_a_resized_model_answers_as_one_that_timm_has_resized(name, tmp_path):
    x = GOLDEN[f"{name}/x"]
    model = zoo.resize(zoo.load(theirs(name, tmp_path / "theirs")), x.shape[1])
    mean, std = (
        np.array(one or [127.5]) for one in (model.backbone.image_mean, model.backbone.image_std)
    )
    answer = model({"images": (x * std + mean).astype("float32")})
    np.testing.assert_allclose(answer, GOLDEN[f"{name}/out"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["botnet_0", "hybrid_0", "vit_1"])
def test_a_model_of_the_same_size_is_the_same(name, tmp_path):
    model = zoo.load(theirs(name, tmp_path / "theirs"))
    backbone = getattr(model, "backbone", model)
    size = backbone.image_size
    again = zoo.resize(model, size)
    shape = (1, size, size, backbone.num_channels)
    images = {"images": np.random.default_rng(0).uniform(0, 255, shape)}
    np.testing.assert_allclose(again(images), model(images), rtol=1e-5, atol=1e-5)
    assert again is not model


def test_the_command_resizes(tmp_path):
    folder = theirs("botnet_0", tmp_path / "theirs")
    told = ["--image-size", "96", "--family", "botnet26t_256"]
    done = CliRunner().invoke(app, ["convert", str(folder), str(tmp_path / "back"), *told])
    assert done.exit_code == 0, done.output
    assert zoo.load(tmp_path / "back").backbone.image_size == 96


def test_what_cannot_be_resized_is_refused(tmp_path):
    bert = write(tmp_path / "bert", checkpoints.golden("bert_2"))
    with pytest.raises(ZooError, match="it has no pictures of one size"):
        zoo.resize(zoo.load(bert), 32)
    with pytest.raises(ZooError, match="found 17 positions, but a picture has 26 places"):
        redrawn(np.zeros((17, 4)), 1, (5, 5), (3, 3))
