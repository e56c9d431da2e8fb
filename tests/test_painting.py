"""Pictures are written token by token, around what is known of them, as they are told of."""

import numpy as np
import pytest
from test_mixture import lm

from zoo.backbones import Backbone
from zoo.core.kinds import make
from zoo.generation.pictures import UNKNOWN, PictureWriter
from zoo.generation.write import Sampling
from zoo.tasks import Task

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
