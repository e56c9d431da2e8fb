"""LPIPS: the distance of features of a VGG-16 (Zhang et al. 2018, arXiv:1801.03924, section 3)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from zoo.core.arrays import arrays
from zoo.core.errors import ZooError
from zoo.core.folders import at_home
from zoo.perception import Perception

BLOCKS = (2, 2, 3, 3, 3)
"""How many convolutions stand between two poolings; what the last of each gives is compared."""
WIDTHS = (64, 128, 256, 512, 512)
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of colours from -1 to 1."""
EPSILON = 1e-10


class Lpips(Perception):
    """`file` is one of arrays, .safetensors or PyTorch's: those of the VGG-16 as torchvision
    names them, `features.0.weight` and on, with the `lin0.model.1.weight` … `lin4.model.1.weight`
    that weigh its features; or `weights_file` is a second file, with these. Raises ZooError for a
    file without them, and for pictures that have not three channels."""

    def __init__(self, file: str, weights_file: str | None = None, **kwargs):
        super().__init__(**kwargs)
        self.file, self.weights_file = file, weights_file
        for name in ("file", "weights_file"):
            given = getattr(self, name)
            if given and not Path(at_home(given)).is_file():
                raise ZooError(f"{given}: there is no such file.", name)

    def build(self, seen_shape, wanted_shape=None):
        if seen_shape[-1] != 3:
            raise ZooError(f"found pictures of {seen_shape[-1]} channels, expected 3.")
        files = [Path(at_home(one)) for one in (self.file, self.weights_file) if one]
        held = {_ours(name): array for one in files for name, array in arrays(one)}
        self.kept = {name: self._weight(name, shape, held) for name, shape in _shapes()}
        self.built = True

    def _weight(self, name: str, shape: tuple, held: dict[str, np.ndarray]) -> Any:
        """A weight that is not trained. Raises ZooError where the files have none like it."""
        if name not in held or held[name].shape != shape:
            found = list(held[name].shape) if name in held else "nothing"
            raise ZooError(f"{self.file}: {name}: found {found}, expected {list(shape)}.", "file")
        value = held[name].astype("float32")
        value = value.transpose(2, 3, 1, 0) if value.ndim > 1 else value
        return self.add_weight(
            value.shape,
            lambda shape, dtype: ops.convert_to_tensor(value, dtype),
            name=name.replace(".", "_"),
            trainable=False,
        )

    def call(self, seen, wanted):
        pairs = zip(self._features(seen), self._features(wanted))
        found = []
        for level, (here, there) in enumerate(pairs):
            apart = ops.square(_directed(here) - _directed(there))
            weighed = ops.matmul(apart, self.kept[f"lin{level}.weight"][0, 0])
            found.append(ops.mean(weighed, axis=(1, 2, 3)))
        return sum(found[1:], found[0])

    def _features(self, images: Any) -> Iterator[Any]:
        """What is seen of pictures, 0 to 1, at five levels, `b y x d`."""
        x = (2 * images - 1 - np.array(SHIFT, "float32")) / np.array(SCALE, "float32")
        for level, names in enumerate(_names()):
            x = ops.max_pool(x, 2, 2) if level else x
            for name in names:
                kernel, bias = self.kept[f"{name}.weight"], self.kept[f"{name}.bias"]
                x = ops.relu(ops.conv(x, ops.convert_to_tensor(kernel), padding="same") + bias)
            yield x


def _directed(x: Any) -> Any:
    """Features of a place as long as 1, `b y x d`."""
    return x / (ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True)) + EPSILON)


def _names() -> Iterator[list[str]]:
    """The convolutions of each level, as torchvision counts them, with what stands between."""
    place = 0
    for number in BLOCKS:
        yield [f"features.{place + 2 * one}" for one in range(number)]
        place += 2 * number + 1


def _shapes() -> Iterator[tuple[str, tuple]]:
    """What is needed, and how it lies in a file."""
    given = 3
    for level, (names, width) in enumerate(zip(_names(), WIDTHS)):
        for name in names:
            yield f"{name}.weight", (width, given, 3, 3)
            yield f"{name}.bias", (width,)
            given = width
        yield f"lin{level}.weight", (1, width, 1, 1)


def _ours(name: str) -> str:
    """A name of a file; the whole of LPIPS counts convolutions alike, behind slices."""
    name = name.removeprefix("module.").removeprefix("loss.perceptual_loss.")
    head, _, rest = name.partition(".")
    if head == "net":
        return f"features.{rest.partition('.')[2]}"
    return name.replace(".model.1.weight", ".weight").replace(".model.0.weight", ".weight")
