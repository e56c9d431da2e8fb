"""Pictures are written token by token, around what is known of them, as they are told of."""

from pathlib import Path

import numpy as np
import pytest
from bad_input import refused, says
from test_mixture import lm
from typer.testing import CliRunner

import zoo
from zoo.backbones import Backbone
from zoo.cli import app
from zoo.core.kinds import make
from zoo.data.decoding import opened
from zoo.generation.pictures import UNKNOWN, PictureWriter
from zoo.generation.write import Sampling
from zoo.tasks import Task
from zoo.tokenizers import Tokenizer
from zoo.training import checkpoints
from zoo.training.painted import save

GREEDY = Sampling(temperature=0)


@pytest.fixture(scope="module")
def writers():
    """By kind of token: a task, a writer, and what a picture begins from. Twelve or six tokens."""
    channels = {
        "kind": "transformer",
        "num_layers": 2,
        "hidden_dim": 12,
        "position": {"kind": "axial_sum", "shape": [2, 2, 3], "initializer_range": 1.0},
        "initializer_range": 1.0,
        "final_norm": True,
        "blocks": {
            "kind": "pre_norm",
            "attention": {
                "kind": "multi_head",
                "num_heads": 2,
                "head_dim": 4,
                "pattern": {"kind": "block_1d", "block_size": 3},
                "initializer_range": 0.5,
            },
            "feed_forward": {"kind": "plain", "intermediate_dim": 16},
        },
    }
    made = make(Backbone, channels, vocabulary_size=259)
    pixels = make(Task, {"kind": "causal_lm", "tie_embeddings": False}, backbone=made)
    colours = lm(initializer_range=0.05)
    return {
        "pixels": (pixels, PictureWriter(pixels, 256), 257, 12),
        "colours": (colours, PictureWriter(colours, 256**3, 3), 256**3 + 1, 6),
    }


def unknown(rows, length):
    return np.full((rows, length), UNKNOWN)


@pytest.mark.parametrize("kind", ["pixels", "colours"])
def test_what_is_written_behind_a_state_is_what_the_whole_picture_says(kind, writers):
    """Around what is known, too: that stays, and what follows is told of it."""
    task, writer, first, length = writers[kind]
    known = unknown(4, length)
    known[2:, : length // 2] = np.array([[5], [200]])
    known[3, -1] = 77
    given = np.array([first, first + 1, first, first])
    tokens = writer.write(given, known, GREEDY)
    np.testing.assert_array_equal(tokens[known != UNKNOWN], known[known != UNKNOWN])
    assert len(np.unique(tokens)) > length // 2
    inputs = np.concatenate([given[:, None], tokens[:, :-1]], axis=1).astype("int32")
    hidden, _ = task.encode({"token_ids": inputs})
    for place in range(length):
        said = task.draw(hidden[:, place], lambda scores, _: likeliest(scores, writer.num_tokens))
        new = known[:, place] == UNKNOWN
        np.testing.assert_array_equal(np.array(said)[new], tokens[new, place])


def likeliest(scores, number):
    return np.argmax(np.array(scores)[:, :number], axis=-1).astype("int32")


@pytest.mark.parametrize("kind", ["pixels", "colours"])
def test_a_seed_gives_the_same_pictures_and_each_row_its_own(kind, writers):
    _, writer, first, length = writers[kind]
    given = np.full(4, first), unknown(4, length)
    one, same, other = (writer.write(*given, Sampling(1.0, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert (one[0] != one[1]).any()


def test_a_token_that_is_of_no_picture_is_never_written(writers):
    """However likely: those from which pictures begin lie behind."""
    task, _, first, length = writers["pixels"]
    few = PictureWriter(task, 3)
    found = few.write(np.full(4, first), unknown(4, length), Sampling(1.0))
    assert set(found.ravel().tolist()) == {0, 1, 2}


def untrained(folder, names):
    """Folders of runs that were never trained, by recipe, and the file of a picture, 8 × 8."""
    found = {}
    for name in names:
        recipe = zoo.load_recipe(name, tiny=True)
        found[name] = folder / name
        found[name].mkdir()
        (found[name] / "recipe.yaml").write_text(recipe.to_yaml())
        checkpoints.save_best(found[name], zoo.build(recipe), step=0)
    squares = np.random.default_rng(0).integers(0, 256, (4, 4, 3)).astype("uint8")
    found["picture"] = folder / "picture.png"
    save(squares.repeat(2, axis=0).repeat(2, axis=1), found["picture"])
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("runs"), ("image_transformer_2d", "super_resolution"))


def test_the_upper_half_of_a_picture_is_kept_and_the_lower_made(runs):
    run = runs["image_transformer_2d"]
    made, given = zoo.paint(run, "b", 2, runs["picture"], seed=3)
    assert (made.shape, made.dtype) == ((2, 4, 4, 3), np.uint8)
    assert given.std() > 50
    np.testing.assert_array_equal(made[:, :2], [given[:2]] * 2)
    assert (made[:, 2:] != given[2:]).mean() > 0.9
    assert (made[0] != made[1]).any()
    again = zoo.paint(run, "1", 2, runs["picture"], seed=3)  # the number of the class
    np.testing.assert_array_equal(again.made, made)


def test_pictures_are_made_of_classes_in_turn_and_drawn_in_rows(runs, tmp_path):
    told = ["generate", str(runs["image_transformer_2d"]), "--to", str(tmp_path / "new" / "a.png")]
    done = CliRunner().invoke(app, [*told, "--number", "2", "--temperature", "0"])
    assert done.output.strip() == told[-1]
    drawn = np.asarray(opened(Path(told[-1]).read_bytes(), 3, "a.png"))
    assert drawn.shape == (64 + 4, 2 * 64 + 6, 3)
    made = zoo.paint(runs["image_transformer_2d"], number=2, temperature=0.0).made
    np.testing.assert_array_equal(drawn[2 + 8 : 64 : 16, 2 + 8 : 64 : 16], made[0])
    np.testing.assert_array_equal(drawn[2 + 8 : 64 : 16, 68 + 8 : 130 : 16], made[1])


def test_a_small_picture_is_enlarged(runs):
    found = zoo.paint(runs["super_resolution"], number=2, picture=runs["picture"])
    assert found.made.shape == (2, 4, 4, 3)
    assert found.given.shape == (2, 2, 3)


def test_what_cannot_be_painted_is_named(runs, tmp_path):
    run, large = runs["image_transformer_2d"], runs["super_resolution"]
    says(refused(zoo.paint, run, "c"), "labels: the picture asked for is of the class 'c'")
    says(refused(zoo.paint, run, number=0), "--number: found 0, expected at least 1")
    says(refused(zoo.paint, run, picture="none.png"), "none.png cannot be read")
    says(refused(zoo.paint, run, picture=run / "recipe.yaml"), "is no JPEG, PNG, GIF or BMP")
    says(refused(zoo.paint, large), "enlarges a picture: name its file with --picture")
    says(refused(zoo.paint, large, "a"), "found the class 'a', but this model was told of none")
    (tmp_path / "recipe.yaml").write_text(zoo.load_recipe("gpt_chars").to_yaml())
    says(refused(zoo.paint, tmp_path), "makes no pictures, which needs data.batching of pixels")
    says(refused(zoo.generate, run, "a"), "a MixtureLM writes no text")
    says(refused(make(Tokenizer, "pixels").stream, [1]), "this model makes pictures: name a file")
