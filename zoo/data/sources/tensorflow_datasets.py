"""Data sets that TensorFlow Datasets knows by name, where it is installed."""

import importlib
from typing import Any

from zoo.core.errors import ZooError, suggest
from zoo.core.folders import at_home
from zoo.data.sources import Document, Source
from zoo.data.sources._pairs import answered


class TensorflowDatasets(Source):
    """`name` may say which configuration and version, `mnist:3.0.1`; splits may be slices,
    `train[:90%]`. A document is what `feature` holds, a text or a file of a picture, and what
    `answer` holds behind it: a text, or a class by its name. All are held in memory. What is not in
    `data_dir` is downloaded.
    Raises ZooError where the package, the data set, a split or a feature is missing."""

    def __init__(
        self,
        name: str,
        split: str = "train",
        validation_split: str | None = None,
        feature: str = "image",
        answer: str | None = "label",
        data_dir: str | None = None,
    ):
        self.name, self.split, self.validation_split = name, split, validation_split
        self.feature, self.answer, self.data_dir = feature, answer, data_dir

    def train(self):
        return self._documents(self.split, "split")

    def validation(self):
        wanted = self.validation_split
        return [] if wanted is None else self._documents(wanted, "validation_split")

    def _documents(self, split: str, option: str) -> list[Document]:
        tfds = _package()
        builder = self._builder(tfds)
        features = builder.info.features
        for name, value in (("feature", self.feature), ("answer", self.answer)):
            if value is not None and value not in features:
                known = suggest(value, list(features))
                raise ZooError(f"{self.name} has no feature {value!r}. {known}", name)
        pictures = isinstance(features[self.feature], tfds.features.Image)
        whole = {self.feature: tfds.decode.SkipDecoding()} if pictures else {}
        try:
            rows = builder.as_dataset(split, decoders=whole or None)
        except (ValueError, AssertionError, KeyError) as wrong:
            known = ", ".join(builder.info.splits)
            text = f"{self.name} has no split {split!r}. There are: {known}."
            raise ZooError(text, option) from wrong
        return [
            self._document(f"{self.name}/{split}:{place}", row, features)
            for place, row in enumerate(tfds.as_numpy(rows))
        ]

    def _document(self, name: str, row: dict[str, Any], features: Any) -> Document:
        given = row[self.feature]
        if not isinstance(given, bytes):
            found = type(features[self.feature]).__name__
            raise ZooError(f"{self.feature} is a {found}, expected Text or Image.", "feature")
        if self.answer is None:
            return answered(name, given, b"")._replace(answers=())
        said = row[self.answer]
        named = getattr(features[self.answer], "int2str", str)
        return answered(name, given, said if isinstance(said, bytes) else named(said).encode())

    def _builder(self, tfds: Any) -> Any:
        """The data set, in its folder."""
        place = None if self.data_dir is None else at_home(self.data_dir)
        try:
            builder = tfds.builder(self.name, data_dir=place)
        except tfds.core.DatasetNotFoundError as wrong:
            near = suggest(self.name, tfds.list_builders(with_community_datasets=False))
            raise ZooError(f"TensorFlow Datasets has no {self.name!r}. {near}", "name") from wrong
        try:
            builder.download_and_prepare()
        except Exception as wrong:  # of whatever stands between a server and this disk
            reason = str(wrong).strip().splitlines()[:1] or [type(wrong).__name__]
            raise ZooError(f"{self.name} cannot be had: {reason[0]}", "name") from wrong
        return builder


def _package() -> Any:
    try:
        return importlib.import_module("tensorflow_datasets")
    except ModuleNotFoundError as wrong:
        text = "needs TensorFlow Datasets: pip install 'attention-zoo[datasets]'"
        raise ZooError(text, "kind") from wrong
