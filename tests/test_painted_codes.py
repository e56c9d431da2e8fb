"""Runs that write pictures as codes: of a class, of a caption, in turns, larger than learned."""

from pathlib import Path

import numpy as np
import pytest
import small_files
from bad_input import refused, says
from typer.testing import CliRunner

import zoo
from zoo.cli import app
from zoo.core import folders
from zoo.data.decoding import opened
from zoo.generation.parallel import Turns
from zoo.recipe import build
from zoo.training import checkpoints
from zoo.training.painted import save
from zoo.training.run import TOKENIZER, resolve

NAMES = ("codes_cifar", "maskgit_cifar", "dalle_emoji")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of runs that were never trained, by recipe, and the file of a picture, 8 × 8."""
    folder, found = tmp_path_factory.mktemp("runs"), {}
    small_files.write_code_model(folder / "codes")
    for name in NAMES:
        recipe = zoo.load_recipe(name, [f"tokenizer.path={folder / 'codes'}"], tiny=True)
        found[name] = folder / name
        found[name].mkdir()
        folders.write_folder(found[name] / TOKENIZER, build.tokenizer(recipe).save)
        (found[name] / "recipe.yaml").write_text(recipe.to_yaml())
        checkpoints.save_best(found[name], zoo.build(recipe), step=0)
    (folder / "codes").rename(folder / "elsewhere")
    found["picture"] = folder / "picture.png"
    save(np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype("uint8"), found["picture"])
    return found


def is_of_codes(images):
    """Whether all squares are of one colour: the small code model paints no others."""
    squares = images[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    return (images == squares).all() and len(np.unique(images)) > 1


@pytest.mark.parametrize("name", ["codes_cifar", "maskgit_cifar"])
def test_the_lower_half_is_painted_anew(name, runs):
    turns = Turns(3) if name == "maskgit_cifar" else None
    made, given = zoo.paint(runs[name], "b", 2, runs["picture"], turns=turns, temperature=1.0)
    assert made.shape == (2, 8, 8, 3)
    assert is_of_codes(made)
    upper = given[:4].reshape(2, 2, 4, 2, 3).mean(axis=(1, 3, 4)) // 32 * 32 + 16
    np.testing.assert_array_equal(made[:, 0:4:2, ::2, 0], [upper] * 2)
    assert (made[0, 4:] != made[1, 4:]).any()


def test_a_caption_is_painted(runs):
    made = zoo.paint(runs["dalle_emoji"], "a bright one", 2, temperature=1.0, seed=1).made
    assert made.shape == (2, 8, 8, 3)
    assert is_of_codes(made)
    half = zoo.paint(runs["dalle_emoji"], "a bright one", 1, runs["picture"], seed=1).made
    assert half.shape == (1, 8, 8, 3)


def test_larger_pictures_are_painted_than_were_learned(runs, tmp_path):
    told = ["generate", str(runs["codes_cifar"]), "a", "--to", str(tmp_path / "a.png")]
    done = CliRunner().invoke(app, [*told, "--number", "1", "--size", "12x10"])
    assert done.output.strip() == told[-1]
    drawn = np.asarray(opened(Path(told[-1]).read_bytes(), 3, "a.png"))
    assert drawn.shape == (12 * 6 + 4, 10 * 6 + 4, 3)
    made = zoo.paint(runs["codes_cifar"], "a", 1, size=(12, 10)).made
    np.testing.assert_array_equal(drawn[2:-2:6, 2:-2:6], made[0])


def test_turns_are_told_by_the_command(runs, tmp_path):
    told = ["generate", str(runs["maskgit_cifar"]), "a", "--to", str(tmp_path / "a.png")]
    more = ["--num-turns", "2", "--choice-temperature", "0", "--mask-schedule", "linear"]
    done = CliRunner().invoke(app, [*told, *more, "--number", "1"])
    assert done.output.strip() == told[-1]
    made = zoo.paint(runs["maskgit_cifar"], "a", 1, turns=Turns(2, 0.0, "linear")).made
    drawn = np.asarray(opened(Path(told[-1]).read_bytes(), 3, "a.png"))
    np.testing.assert_array_equal(drawn[2:-2:8, 2:-2:8], made[0])


def test_what_cannot_be_painted_is_named(runs, tmp_path):
    codes, turns, captions = (runs[name] for name in NAMES)
    says(refused(zoo.paint, codes, size=(6, 8)), "--size: found 6 × 8, expected 8 × 8 or more")
    says(refused(zoo.paint, codes, size=(9, 9)), "found 2, which does not divide pictures of 9 × 9")
    said = refused(zoo.paint, turns, size=(16, 16))
    says(said, "--size: found 16 × 16, but a model of masked_pixels writes 8 × 8 alone")
    says(refused(zoo.paint, captions), "name a caption of the picture")
    says(refused(zoo.paint, codes, turns=Turns(2)), "writes token by token: it has no turns")
    told = ["generate", str(codes), "--to", str(tmp_path / "a.png"), "--size", "big"]
    done = CliRunner().invoke(app, told)
    assert "--size: found big, expected rows and columns, such as 32x48" in str(done.exception)
    spiral = ["tokenizer.order=spiral_in"]
    recipe = zoo.load_recipe(str(codes / "recipe.yaml"), spiral)
    other = codes.with_name("spiral")
    other.mkdir()
    (other / "recipe.yaml").write_text(recipe.to_yaml())
    folders.write_folder(other / TOKENIZER, build.tokenizer(resolve(codes)).save)
    said = refused(zoo.paint, other, size=(16, 16))
    says(said, "--size: found 16 × 16", "are written row by row", "in the order spiral_in")
