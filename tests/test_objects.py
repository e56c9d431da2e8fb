"""Objects in pictures: drawn, put into batches, written down, and measured as COCO does."""

import numpy as np
import pytest

from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.core.objects import Seen, seen, written
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.metrics import Metric
from zoo.tokenizers.bytes import Bytes

LABELS = ["circle", "square", "triangle", "diamond"]
CLEAR = {"num_documents": 30, "num_validation_documents": 8, "noise": 0.0}


def shapes(**options):
    return make(Source, {"kind": "shapes", **CLEAR, **options})


def batching(**options):
    given = {"labels": LABELS, "height": 64, "width": 64, "max_boxes": 5, "batch_size": 8}
    return make(Batching, {"kind": "boxes", **given, **options}, seed=0)


def answer(document):
    return document.data[document.answers[0][0] :].tobytes().decode()


# Drawn.


def test_a_shape_fills_its_box_and_lies_on_no_other():
    """What differs from the ground in the upper left corner, where nothing lies, is in a box."""
    for document in shapes(min_size=12).train():
        image = document.data[: document.answers[0][0]].reshape(64, 64, 3).astype(int)
        objects, covered = seen(answer(document), "it"), np.zeros((64, 64), bool)
        grounds, counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
        drawn = (image != grounds[counts.argmax()]).any(axis=-1)
        assert 1 <= len(objects) <= 4
        for one in objects:
            x, y, width, height = (round(64 * number, 3) for number in one.box)
            rows = slice(int(y - height / 2), int(y + height / 2))
            columns = slice(int(x - width / 2), int(x + width / 2))
            inside = drawn[rows, columns]
            assert 12 <= width == height <= 28
            assert not covered[rows, columns].any()
            assert inside.any(axis=1).all()
            assert inside.any(axis=0).all()
            share = {"square": 1, "circle": np.pi / 4, "triangle": 0.5, "diamond": 0.5}
            assert abs(inside.mean() - share[one.label]) < 0.1
            covered[rows, columns] = True
        assert not drawn[~covered].any()


def test_noise_is_added_to_every_place():
    plain, noisy = (shapes(noise=noise).train()[0].data for noise in (0.0, 20.0))
    assert len(np.unique(plain[:192])) < 10 < len(np.unique(noisy[:192]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_size": 30}, "min_size 30 must be at most max_size 28"),
        ({"image_size": 20}, "max_size 28, and that at most image_size 20"),
        ({"shapes": ["circle", "circle"]}, "must be all different"),
    ],
)
def test_sizes_and_shapes_that_do_not_fit_are_refused(options, said):
    with pytest.raises(ZooError, match=said):
        shapes(**options)


# In batches.


def test_a_batch_holds_pictures_and_their_objects():
    documents = shapes().train()
    cut, corpus = batching(), Corpus(documents, Bytes())
    known = {one.data[: one.answers[0][0]].tobytes(): seen(answer(one), "it") for one in documents}
    for step in range(3):
        batch = cut.batch(corpus, step)
        assert batch.shape == (8, 64 * 64)
        assert batch.targets.shape == (8, 5, 5)
        assert (batch.weights == 1).all()
        for image, targets in zip(batch.inputs["images"], batch.targets):
            objects = known.pop(image.astype("uint8").tobytes())
            wanted = [[LABELS.index(one.label), *one.box] for one in objects]
            np.testing.assert_allclose(targets[: len(wanted)], wanted, atol=1e-6)
            assert (targets[len(wanted) :] == -1).all()


def test_the_last_evaluation_batch_counts_no_padding():
    corpus = Corpus(shapes().train(), Bytes())
    last = batching().evaluation(corpus, 3)
    assert last.weights[:, 0].tolist() == [1] * 6 + [0] * 2
    assert (last.targets[6:] == -1).all()


def test_objects_beyond_the_most_are_cut_and_told():
    documents = shapes().train()
    numbers = np.array([len(seen(answer(one), "it")) for one in documents])
    few, corpus = batching(max_boxes=2), Corpus(documents, Bytes())
    np.testing.assert_array_equal(few.cut(corpus), numbers > 2)
    assert few.batch(corpus, 0).targets.shape == (8, 2, 5)


def test_what_a_model_answers_is_written_the_surest_first():
    logits = np.log([[[0.1, 0.6, 0.1, 0.1, 0.1], [0.0625, 0.0625, 0.75, 0.0625, 0.0625]]])
    boxes = np.array([[[0.5, 0.5, 0.25, 0.125], [0.75, 0.25, 0.5, 0.5]]])
    found = batching().write({"logits": logits, "boxes": boxes})
    assert found == ["triangle 0.75 0.75 0.25 0.5 0.5\nsquare 0.6 0.5 0.5 0.25 0.125"]
    assert seen(found[0], "it", scored=True)[1] == Seen("square", (0.5, 0.5, 0.25, 0.125), 0.6)


def test_a_task_that_no_signature_answers_for_is_refused():
    from zoo.recipe.sections import Export
    from zoo.serving.export import signatures

    with pytest.raises(ZooError, match="found the task unheard_of, for which no signature"):
        signatures("unheard_of", Export(signatures=[]))


def test_texts_are_not_answered_without_a_search():
    with pytest.raises(ZooError, match="needs 'search', such as beam_search"):
        make(Batching, {"kind": "windows", "sequence_length": 4, "batch_size": 2}).write({})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hexagon 0.5 0.5 0.1 0.1", "is of the class 'hexagon'"),
        ("circle 0.5 0.5 0.1", "line 1 of its answer is 'circle 0.5 0.5 0.1', expected a class"),
        ("circle 0.5 0.5 0.1 1.5", "expected a class and its box"),
        ("0.5 0.5 0.1 a", "expected a class and its box"),
    ],
)
def test_lines_that_are_no_objects_are_refused(line, said):
    document = shapes().train()[0]
    start = document.answers[0][0]
    data = np.concatenate([document.data[:start], np.frombuffer(line.encode(), "uint8")])
    wrong = document._replace(data=data, answers=((start, data.size),))
    with pytest.raises(ZooError, match=said):
        batching().batch(Corpus([wrong], Bytes()), 0)


def test_a_class_may_have_blanks_in_its_name():
    objects = [Seen("traffic light", (0.5, 0.25, 0.125, 0.5)), Seen("7", (0.0, 1.0, 1.0, 0.0))]
    assert seen(written(objects), "it") == objects


# Measured.


def score(said, there):
    return make(Metric, "mean_average_precision").score(said, there)


def objects(*lines):
    return "\n".join(lines)


ONE, TWO = "a 0.25 0.25 0.2 0.2", "a 0.75 0.75 0.2 0.2"
FOUND, BOTH = "a {} 0.25 0.25 0.2 0.2", "a {} 0.75 0.75 0.2 0.2"


@pytest.mark.parametrize(
    ("said", "there", "wanted"),
    [
        ([FOUND.format(0.9)], [ONE], 100),
        ([""], [ONE], 0),
        (["b 0.9 0.25 0.25 0.2 0.2"], [ONE], 0),
        ([FOUND.format(0.9)], [objects(ONE, TWO)], 100 * 51 / 101),  # recalls up to 0.5
        ([objects(FOUND.format(0.9), FOUND.format(0.8))], [ONE], 100),  # behind full recall
        ([objects(FOUND.format(0.8), "a 0.9 0.75 0.25 0.2 0.2")], [ONE], 50),  # wrong, then right
        (  # right, wrong, right: 1 up to half of the recall, then 2/3
            [objects(FOUND.format(0.9), FOUND.format(0.8), BOTH.format(0.7))],
            [objects(ONE, TWO)],
            100 * (51 + 50 * 2 / 3) / 101,
        ),
        ([FOUND.format(0.9), ""], [ONE, "b 0.5 0.5 0.2 0.2"], 50),  # a mean over classes
        (["", FOUND.format(0.9)], [ONE, TWO], 0),  # in another picture
    ],
)
def test_a_mean_average_precision_is_what_a_hand_computes(said, there, wanted):
    found = score(said, there)
    for figure in ("map", "map_50", "map_75"):
        assert found[figure] == pytest.approx(wanted)


def test_boxes_that_are_near_count_for_small_overlaps():
    """Shifted by a fifth of its width: an overlap of 2/3, enough for 0.5 to 0.65."""
    found = score(["a 0.9 0.29 0.25 0.2 0.2"], [ONE])
    assert found == pytest.approx({"map": 40, "map_50": 100, "map_75": 0})


def test_the_surest_takes_the_object_though_another_is_nearer():
    near = objects("a 0.9 0.29 0.25 0.2 0.2", FOUND.format(0.8))
    found = score([near], [ONE])
    assert found["map_50"] == pytest.approx(100)
    assert found["map_75"] == pytest.approx(50)
