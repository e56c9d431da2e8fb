"""Pictures in a NumPy file, all of one size, and their classes."""

import zipfile
from pathlib import Path

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.core.folders import at_home
from zoo.data.sources import Document
from zoo.data.sources._files import missing
from zoo.data.sources._pairs import answered
from zoo.data.sources._parted import Parted


class ImageArrays(Parted):
    """`.npz` files with `images`, uint8 `n y x c` or `n y x`, and `labels`, whole numbers `n`,
    under these names or others. A document is the bytes of a picture, row by row; its answer the
    number of its class, nothing where `labels` is null. Without a `validation_path` a
    `validation_fraction` is held out, spread over all.
    Raises ZooError for a file that holds anything else."""

    def __init__(
        self,
        path: str,
        validation_path: str | None = None,
        images: str = "images",
        labels: str | None = "labels",
        **kwargs,
    ):
        super().__init__(path, validation_path, **kwargs)
        self.images, self.labels = images, labels

    def documents(self, path, option):
        images, labels = self._read(path, option)
        names = [f"{path}:{place}" for place in range(len(images))]
        if labels is None:
            pairs = zip(names, images)
            return [Document(name, np.frombuffer(one.tobytes(), "uint8")) for name, one in pairs]
        return [
            answered(name, image.tobytes(), str(label).encode())
            for name, image, label in zip(names, images, labels)
        ]

    def _read(self, path: str, option: str) -> tuple[np.ndarray, np.ndarray | None]:
        """uint8 `n y x c` or `n y x`, and int `n`, if there are labels."""
        images = stack(path, option, self.images)
        if self.labels is None:
            return images, None
        labels = array(path, option, self.labels, "labels")
        if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
            found = f"found {self.labels} of {labels.dtype} {list(labels.shape)}"
            wanted = f"whole numbers of [{len(images)}]"
            raise ZooError(f"{path}: {found}, expected {wanted}.", option)
        return images, labels


def stack(path: str, option: str, name: str) -> np.ndarray:
    """Pictures of a `.npz` file, uint8 `n y x c` or `n y x`. Raises ZooError at an option."""
    images = array(path, option, name, "images")
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        found = f"found {name} of {images.dtype} {list(images.shape)}"
        raise ZooError(f"{path}: {found}, expected uint8 of [n, y, x, c] or [n, y, x].", option)
    if not len(images):
        raise ZooError(f"{path}: found no pictures, expected one or more.", option)
    return images


def array(path: str, option: str, name: str, which: str) -> np.ndarray:
    """What a `.npz` file holds under a name. Raises ZooError at an option for a file that cannot be
    read, and at `which` for one that holds no such thing."""
    file = Path(at_home(path))
    try:
        with np.load(file, allow_pickle=False) as held:
            if name not in held:
                near = suggest(name, held.files)
                raise ZooError(f"{path}: holds no {shown(name)}. {near}", which)
            return held[name]
    except FileNotFoundError as wrong:
        raise missing(file, option) from wrong
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as wrong:
        raise ZooError(f"{path}: is no .npz file that can be read: {wrong}", option) from wrong
