"""PyTorch's `.bin` files, without PyTorch, and without running what they may bring.

The file is a ZIP of a pickle and of the numbers of each storage. The pickle is read by an unpickler
that knows three names and those of the storages, all of them here; every other name is an error
before anything is called.
"""

import collections
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from zoo.core.errors import ZooError

STORAGES = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class RefusedError(Exception):
    """A name a file of weights has no use for."""


class Storage:
    """Stands for a class of storages; it is never made."""

    def __init__(self, dtype: Any):
        self.dtype = np.dtype(dtype)


class Weights(pickle.Unpickler):
    """Reads a dictionary of tensors. `numbers(key)` gives the bytes of a storage."""

    def __init__(self, file: Any, numbers: Any):
        super().__init__(file)
        self.numbers = numbers

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            # A function of its own: a pickle may set attributes of what it names.
            ("torch._utils", "_rebuild_tensor_v2"): lambda *parts: tensor(*parts),
            ("torch._utils", "_rebuild_parameter"): lambda data, *_: data,
        }
        if module in ("torch", "torch.storage") and name in STORAGES:
            return Storage(STORAGES[name])
        if (module, name) not in known:
            raise RefusedError(f"{module}.{name}")
        return known[module, name]

    def persistent_load(self, pid: Any) -> np.ndarray:
        _, storage, key, *_ = pid
        return np.frombuffer(self.numbers(str(key)), storage.dtype)


def tensor(storage: np.ndarray, offset: int, shape: tuple, stride: tuple, *_: Any) -> np.ndarray:
    """A view of a storage. Raises ValueError where it would reach beyond it."""
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride))
    if min((offset, *shape, *stride), default=0) < 0 or (0 not in shape and last >= storage.size):
        raise ValueError("a tensor reaches beyond its storage")
    strides = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, strides, writeable=False)


def read_torch_file(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a state dictionary by name. Raises ZooError."""
    try:
        with zipfile.ZipFile(file) as opened:
            found = _unpickle(opened)
    except RefusedError as wrong:
        raise ZooError(
            f"{file}: its pickle names {wrong}, which no file of weights needs; nothing was run. "
            "Expected a state dictionary of tensors, better a safetensors file."
        ) from wrong
    except Exception as wrong:  # a damaged pickle can fail in any way
        reason = (str(wrong) or type(wrong).__name__).strip(" .")
        raise ZooError(
            f"{file}: damaged, or not written by PyTorch 1.6 or later: {reason}."
        ) from wrong
    if not isinstance(found, dict):
        raise ZooError(f"{file}: holds a {type(found).__name__}, expected a state dictionary.")
    arrays = ((str(name), array) for name, array in found.items())
    yield from ((name, array) for name, array in arrays if isinstance(array, np.ndarray))


def _unpickle(opened: zipfile.ZipFile) -> Any:
    """What the file holds. Raises whatever is wrong with it."""
    names = opened.namelist()
    found = next((name for name in names if name.endswith("data.pkl")), None)
    if found is None:
        raise ValueError("it holds no data.pkl")
    root = found.removesuffix("data.pkl")
    if any(part.compress_type != zipfile.ZIP_STORED for part in opened.infolist()):
        raise ValueError("it is compressed")  # as PyTorch's never are; a small one may be a bomb
    if f"{root}byteorder" in names and opened.read(f"{root}byteorder") != b"little":
        raise ValueError("its numbers are big-endian")
    with opened.open(found) as pickled:
        return Weights(pickled, lambda key: opened.read(f"{root}data/{key}")).load()
