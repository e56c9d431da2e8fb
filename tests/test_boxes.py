"""Boxes move with the pictures that are changed before they are trained on."""

import numpy as np
import pytest
from bad_input import refused, says

from zoo.core.kinds import kinds, make
from zoo.data.augmentation import Augmentation
from zoo.data.batching.boxes import Boxes
from zoo.data.corpus import Corpus
from zoo.data.sources import Document
from zoo.tokenizers.bytes import Bytes

SIZE, NUMBER = 32, 16
SHADES = {"grey": 100, "white": 255}
MOVES = [
    "random_flip",
    {"kind": "random_flip", "mode": "vertical"},
    {"kind": "random_translation", "height_factor": 0.6, "width_factor": 0.6},
]


def batching(**options):
    known = {"labels": list(SHADES), "max_boxes": 3, "batch_size": NUMBER, "num_channels": 1}
    return Boxes(height=SIZE, width=SIZE, **known, **options)


@pytest.fixture(scope="module")
def corpus():
    """Pictures with a grey rectangle on the left and a white one on the right."""
    draw, documents = np.random.default_rng(0), []
    for number in range(NUMBER):
        picture, lines = np.zeros((SIZE, SIZE), "uint8"), []
        for side, (label, shade) in enumerate(SHADES.items()):
            (x, y), (wide, high) = draw.integers(0, 8, 2), draw.integers(4, 9, 2)
            picture[y : y + high, 16 * side + x : 16 * side + x + wide] = shade
            box = np.array([16 * side + x + wide / 2, y + high / 2, wide, high]) / SIZE
            lines.append(" ".join([label, *map(str, box)]))
        answer = np.frombuffer("\n".join(lines).encode(), "uint8")
        data = np.concatenate([picture.ravel(), answer])
        documents.append(Document(str(number), data, ((SIZE**2, len(data)),)))
    return Corpus(documents, Bytes())


def around(picture, shade):
    """The box of a shade as it is seen; None where it is not."""
    rows, columns = np.nonzero(picture[..., 0] == shade)
    if not len(rows):
        return None
    first = np.array([columns.min(), rows.min()])
    last = np.array([columns.max(), rows.max()]) + 1
    return np.concatenate([(first + last) / 2, last - first]) / SIZE


@pytest.mark.parametrize("augmentation", MOVES, ids=str)
def test_a_box_lies_where_the_thing_is_seen(augmentation, corpus):
    changed, plain = batching(augmentation=[augmentation]), batching()
    moved = unseen = 0
    for step in range(3):
        batch, before = (one.batch(corpus, step) for one in (changed, plain))
        moved += (batch.targets != before.targets).any(axis=(1, 2)).sum()
        for picture, targets in zip(batch.inputs["images"], batch.targets):
            assert (targets[2] == -1).all()  # there are two
            for place, shade in enumerate(SHADES.values()):
                seen = around(picture, shade)
                if seen is None:
                    unseen += (targets[place] == -1).all()
                    continue
                assert targets[place, 0] == place
                # a translation is not by whole places, and what is seen is
                np.testing.assert_allclose(targets[place, 1:], seen, atol=1.01 / SIZE)
    assert moved > NUMBER
    assert bool(unseen) is (augmentation == MOVES[2])


def test_a_flip_is_exact_and_evaluation_sees_pictures_as_they_are(corpus):
    batch = batching(augmentation="random_flip").batch(corpus, 0)
    for picture, targets in zip(batch.inputs["images"], batch.targets):
        found = [around(picture, shade) for shade in SHADES.values()]
        np.testing.assert_allclose(targets[:2, 1:], found, atol=1e-6)
    flipped, plain = (batching(augmentation=one).evaluation(corpus, 0) for one in (MOVES[0], None))
    np.testing.assert_array_equal(flipped.inputs["images"], plain.inputs["images"])
    np.testing.assert_array_equal(flipped.targets, plain.targets)


@pytest.mark.parametrize("kind", kinds(Augmentation.shelf))
def test_what_moves_no_boxes_is_refused(kind):
    if make(Augmentation, kind).moves_boxes:
        assert batching(augmentation=[kind]).augmentation
        return
    said = refused(batching, augmentation=[kind])
    says(said, f"augmentation: {kind} does not move boxes", "random_erasing, random_flip")
