"""Pictures and their classes: how they are read, put into batches, and changed in training."""

import numpy as np
import pytest
import small_files

from zoo.core.errors import ZooError
from zoo.core.kinds import kinds, make
from zoo.data.augmentation import Augmentation, Pictures
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.tokenizers.bytes import Bytes

SIZE = {"height": 8, "width": 8}
MIXES = ("mix_up", "cut_mix")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "pictures.npz"
    small_files.write_pictures(path)
    return path


def batching(**options):
    given = {"labels": ["dark", "bright"], **SIZE, "batch_size": 16, **options}
    return make(Batching, {"kind": "images", **given}, seed=3)


def source(file, **options):
    return make(Source, {"kind": "image_arrays", "path": str(file), **options})


@pytest.fixture(scope="module")
def corpus(file):
    return Corpus(source(file).train(), Bytes())


def pictures(batch):
    return Pictures(batch.inputs["images"], batch.targets, batch.weights)


def test_a_batch_holds_the_pictures_and_classes_of_the_file(file, corpus):
    with np.load(file) as held:
        wanted = {image.tobytes(): label for image, label in zip(held["images"], held["labels"])}
    for step in range(4):
        batch = batching().batch(corpus, step)
        images, labels, shares, _ = pictures(batch)
        assert images.dtype == np.float32
        found = {image.astype("uint8").tobytes(): label for image, (label,) in zip(images, labels)}
        assert len(found) == 16
        for image, label in found.items():
            assert wanted.pop(image) == label
        assert (shares == 1).all()
        assert batch.shape == (16, 64)
    assert not wanted


def test_the_last_evaluation_batch_counts_no_padding(corpus):
    cut = batching(batch_size=24)
    batches = [cut.evaluation(corpus, place) for place in range(cut.evaluation_batches(corpus))]
    assert [int(batch.weights.sum()) for batch in batches] == [24, 24, 16]


def test_a_class_may_be_told_by_its_name(tmp_path):
    grey = np.zeros((1, 8, 8), "uint8")
    document = make(Source, _saved(tmp_path / "grey.npz", images=grey, labels=[1])).train()[0]
    named = document._replace(
        data=np.concatenate([document.data[:-1], np.frombuffer(b"dark", "u1")])
    )
    named = named._replace(answers=((64, 68),))
    batch = batching(num_channels=1, batch_size=2).batch(Corpus([document, named], Bytes()), 0)
    assert sorted(batch.targets.ravel().tolist()) == [0, 1]


def _saved(path, **arrays):
    np.savez(path, **arrays)
    return {"kind": "image_arrays", "path": str(path)}


@pytest.mark.parametrize("kind", kinds(Augmentation.shelf))
def test_augmentation_follows_from_the_step_and_spares_evaluation(kind, corpus):
    changed, plain = batching(augmentation=[kind]), batching()
    first, again, other = (pictures(changed.batch(corpus, step)) for step in (0, 0, 1))
    for one, two in zip(first, again):
        np.testing.assert_array_equal(one, two)
    before = pictures(plain.batch(corpus, 0))
    assert first.images.shape == before.images.shape
    assert first.images.dtype == np.float32
    assert (first.images != before.images).any()
    assert not np.array_equal(other.images, first.images)
    np.testing.assert_allclose(first.shares.sum(axis=1), 1, rtol=1e-6)
    assert (first.labels.shape[1] == 2) is (kind in MIXES)
    for one, two in zip(*(pictures(cut.evaluation(corpus, 0)) for cut in (changed, plain))):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", MIXES)
def test_what_is_mixed_counts_as_much_as_is_seen_of_it(kind):
    """Pictures all of one colour, by which the shares can be read off them."""
    rng, number = np.random.default_rng(1), 32
    images = np.broadcast_to(np.arange(number)[:, None, None, None], (number, 16, 16, 1))
    labels = np.arange(number, dtype=np.int32)[:, None]
    plain = Pictures(images.astype("float32"), labels, np.ones((number, 1), np.float32))
    found = make(Augmentation, kind).change(plain, rng)
    expected = (found.labels * found.shares).sum(axis=1)
    np.testing.assert_allclose(found.images.mean(axis=(1, 2, 3)), expected, atol=1e-4 * number)


def test_a_part_of_the_pictures_is_erased():
    images = np.full((400, 8, 8, 1), -1.0, "float32")
    plain = Pictures(images, np.zeros((400, 1), np.int32), np.ones((400, 1), np.float32))
    rng = np.random.default_rng(0)
    found = make(Augmentation, {"kind": "random_erasing", "rate": 0.25}).change(plain, rng)
    share = (found.images != -1).any(axis=(1, 2, 3)).mean()
    assert 0.17 < share < 0.33


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": np.zeros((2, 4, 4, 3)), "labels": [0, 1]}, "expected uint8"),
        ({"images": np.zeros((2, 4), "uint8"), "labels": [0, 1]}, "expected uint8"),
        ({"images": np.zeros((2, 4, 4), "uint8"), "labels": [0.0, 1]}, "expected whole numbers"),
        ({"images": np.zeros((2, 4, 4), "uint8"), "labels": [0]}, "expected whole numbers of"),
        ({"images": np.zeros((0, 4, 4), "uint8"), "labels": np.zeros(0, int)}, "one or more"),
        ({"image": np.zeros((2, 4, 4), "uint8"), "labels": [0, 1]}, "holds no 'images'.*image"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, arrays, said):
    with pytest.raises(ZooError, match=said):
        make(Source, _saved(tmp_path / "file.npz", **arrays)).train()


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(ZooError, match=r"no \.npz file that can be read"):
        source(tmp_path / "damaged.npz").train()
    with pytest.raises(ZooError, match=r"there is no file .*damage\.npz.*damaged\.npz"):
        source(tmp_path / "damage.npz").train()


def test_objects_are_not_unpickled(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, images=np.array([{"a": 1}]), labels=[0])
    with pytest.raises(ZooError, match=r"no \.npz file that can be read"):
        source(path).train()


def test_pictures_of_another_size_and_unknown_classes_are_refused(corpus):
    with pytest.raises(ZooError, match="has 192 numbers, expected 4 × 4 × 3"):
        batching(height=4, width=4).batch(corpus, 0)
    with pytest.raises(ZooError, match="expected two or more"):
        batching(labels=["a"])


def test_a_class_that_is_no_label_is_refused(file):
    """The last byte of a document is the number of its class."""
    documents = source(file).train()
    seven = np.frombuffer(b"7", "uint8")
    wrong = [one._replace(data=np.append(one.data[:-1], seven)) for one in documents]
    with pytest.raises(ZooError, match="is of the class '7'"):
        batching().batch(Corpus(wrong, Bytes()), 0)
