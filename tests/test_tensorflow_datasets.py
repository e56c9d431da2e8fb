"""Data sets by the name that TensorFlow Datasets has for them."""

import numpy as np
import pytest
from bad_input import refused, says

from zoo.core.kinds import make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.tokenizers.bytes import Bytes

tfds = pytest.importorskip(
    "tensorflow_datasets", reason="pip install 'attention-zoo[datasets]' to read its data sets"
)
PICTURES = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3)).astype("uint8")


class TinyPets(tfds.core.GeneratorBasedBuilder):
    """Six pictures, and a sentence on each."""

    pkg_dir_path = None  # it stands in no package
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(4, 5, 3), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=["cat", "dog"]),
            "text": tfds.features.Text(),
            "size": tfds.features.Scalar(np.int64),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, _):
        return {"train": self._rows(range(4)), "test": self._rows(range(4, 6))}

    def _generate_examples(self, _):
        raise NotImplementedError

    def _rows(self, places):
        for at in places:
            row = {"image": PICTURES[at], "label": at % 2, "text": f"pet {at}", "size": at}
            yield at, row


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return str(tmp_path_factory.mktemp("tfds"))


def source(place, **options):
    given = {"kind": "tensorflow_datasets", "name": "tiny_pets", "data_dir": place}
    return make(Source, {**given, **options})


def test_pictures_and_the_names_of_their_classes_are_read(place):
    found = source(place, validation_split="test")
    sizes = {"labels": ["dog", "cat"], "height": 4, "width": 5, "batch_size": 4}
    cut = make(Batching, {"kind": "image_files", **sizes}, seed=0)
    train, held_out = (Corpus(one, Bytes()) for one in found.columns(Bytes()))
    assert (len(train.names), len(held_out.names)) == (4, 2)
    for corpus in (train, held_out):
        batch = cut.evaluation(corpus, 0)
        for image, label, there in zip(batch.inputs["images"], batch.targets, batch.weights):
            wanted = int(np.argmax((image == PICTURES).all((1, 2, 3))))
            assert not there or label == 1 - wanted % 2


def test_texts_are_read_and_slices_taken(place):
    whole, half = (
        [one.data.tobytes() for one in source(place, split=split, feature="text").train()]
        for split in ("train", "train[:50%]")
    )
    assert sorted(whole) == [b"pet 0cat", b"pet 1dog", b"pet 2cat", b"pet 3dog"]
    assert half == whole[:2]
    (one, _) = source(place, split="test", feature="text", answer=None).train()
    assert one.answers == ()


def test_what_is_missing_is_named_with_what_is_near(place, monkeypatch):
    says(refused(source(place, name="tiny_pet").train), "no 'tiny_pet'", "tiny_pets")
    says(refused(source(place, feature="imag").train), "no feature 'imag'", "image")
    says(refused(source(place, split="trian").train), "no split 'trian'", "train, test")
    says(refused(source(place, feature="size").train), "size is a Scalar", "Text or Image")
    monkeypatch.setitem(__import__("sys").modules, "tensorflow_datasets", None)
    says(refused(source(place).train), "pip install 'attention-zoo[datasets]'")
