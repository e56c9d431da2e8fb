"""Files of pictures in folders of classes: how they are found, read, and cut in training."""

import numpy as np
import pytest
from bad_input import refused, says
from PIL import Image
from test_tokenizers import learned

from zoo.core.kinds import make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.decoding import fitted
from zoo.data.sources import Source
from zoo.tokenizers.bytes import Bytes

NUMBER = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five pictures of cats, greener from one to the next, and five of dogs; no two of a size."""
    root = tmp_path_factory.mktemp("pets")
    for place in range(NUMBER):
        pixels = np.zeros((9 + place, 20 - place, 3), "uint8")
        pixels[..., 1] = 20 * place
        pixels[: 2 + place // 2, :, 2] = 200
        kind = root / ("dog" if place % 2 else "cat") / ("more" if place > 7 else "")
        kind.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(kind / f"{place}.{'png' if place % 3 else 'BMP'}")
    (root / "cat" / "notes.txt").write_text("no picture")
    return root


def source(folder, **options):
    return make(Source, {"kind": "image_folder", "path": str(folder), **options})


def batching(**options):
    given = {"kind": "image_files", "labels": ["cat", "dog"], "height": 6, "width": 6}
    return make(Batching, {**given, "batch_size": NUMBER, **options}, seed=3)


def corpora(folder, **options):
    return [Corpus(found, Bytes()) for found in source(folder, **options).columns(Bytes())]


@pytest.fixture(scope="module")
def corpus(folder):
    return corpora(folder)[0]


def file(name):
    return np.array(Image.open(name))


def test_pictures_are_found_with_their_classes_and_seen_as_they_are_served(corpus):
    whole = batching()
    batch = whole.evaluation(corpus, 0)
    for name, image, label in zip(corpus.names, batch.inputs["images"], batch.targets[:, 0]):
        assert label == ("dog/" in name)
        np.testing.assert_allclose(image, fitted(file(name), 6, 6), atol=1e-4)
    assert len(corpus.names) == NUMBER
    trained = whole.batch(corpus, 0)
    order = [
        int(np.argmax((batch.inputs["images"] == one).all((1, 2, 3))))
        for one in trained.inputs["images"]
    ]
    assert sorted(order) == list(range(NUMBER))
    assert order != sorted(order)


def test_documents_and_columns_are_the_same(folder, corpus):
    documents = Corpus(source(folder).train(), Bytes())
    assert documents.names == corpus.names
    assert documents.fingerprint() == corpus.fingerprint()
    assert len(documents) == len(corpus)
    np.testing.assert_array_equal(documents.starts, corpus.starts)
    for one, other in zip(documents.answers, corpus.answers):
        np.testing.assert_array_equal(one, other)


def test_a_random_part_is_seen_in_training_and_the_middle_in_evaluation(corpus):
    cut, whole = batching(crop_area=[0.1, 0.5]), batching()
    first, again, other = (cut.batch(corpus, step).inputs["images"] for step in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (NUMBER, 6, 6, 3)
    assert len(np.unique(other[..., 2].mean((1, 2)))) > 3  # so much blue is in sight
    np.testing.assert_array_equal(
        cut.evaluation(corpus, 0).inputs["images"], whole.evaluation(corpus, 0).inputs["images"]
    )
    closer = batching(kept=0.5).evaluation(corpus, 0).inputs["images"][0]
    np.testing.assert_allclose(closer, fitted(file(corpus.names[0]), 6, 6, 0.5), atol=1e-4)


@pytest.mark.parametrize(("area", "share"), [(0.25, 0.25), (1.0, 1.0)])
def test_parts_have_the_area_that_is_wanted(area, share):
    cut, luck = batching(crop_area=[area, area]), np.random.default_rng(0)
    for _ in range(20):
        rows, columns = cut._part((60, 60, 3), luck)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        assert rows.stop <= 60
        assert columns.stop <= 60
        assert height * width / 3600 == pytest.approx(share, abs=0.3 if share == 1 else 0.03)


def test_a_part_is_held_out_or_another_folder(folder):
    train, held_out = corpora(folder, validation_fraction=0.2)
    assert [len(one.names) for one in (train, held_out)] == [8, 2]
    train, other = corpora(folder, validation_path=str(folder))
    assert train.names == other.names


def test_what_is_wrong_is_said(folder, corpus, tmp_path):
    columns = lambda place: source(place).columns(Bytes())  # noqa: E731
    says(refused(columns, folder.parent / "petz"), "there is no folder", folder.name)
    says(refused(columns, folder / "cat" / "more"), "holds no folder, called as a class", ".png")
    says(refused(source(folder).columns, learned("word_piece")), "tokenizer: bytes")
    says(
        refused(batching(labels=["cat", "cow"]).evaluation, corpus, 0), "of the class 'dog'", "cow"
    )
    says(refused(batching, crop_area=[0.5, 0.1]), "crop_area", "two shares")
    says(refused(batching, kept=0.0), "kept", "above 0")
    (tmp_path / "cat").mkdir()
    picture = tmp_path / "cat" / "a.png"
    for content, said in ((b"none", "is no JPEG"), (b"\x89PNG\r\n\x1a\n" + b"\0" * 9, "pixels")):
        picture.write_bytes(content)
        broken = corpora(tmp_path)[0]
        says(refused(batching(batch_size=1).evaluation, broken, 0), str(picture), said)
    broken = corpora(tmp_path)[0]
    picture.write_bytes(b"shorter")
    says(refused(broken.tokens.__getitem__, 0), str(picture), "7 bytes", "had 17")
    picture.unlink()
    says(refused(broken.tokens.__getitem__, 0), str(picture), "cannot be read")
