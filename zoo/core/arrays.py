"""The arrays in a file of weights, of safetensors or of PyTorch."""

from collections.abc import Iterator
from pathlib import Path

import ml_dtypes
import numpy as np
import safetensors

from zoo.core.errors import ZooError
from zoo.core.torch_file import read_torch_file

DTYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "I64": np.int64,
    "I32": np.int32,
    "I8": np.int8,
    "U8": np.uint8,
    "BOOL": np.bool_,
}


def arrays(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a file by name. Raises ZooError for a file that is damaged, or holds more
    than arrays."""
    if file.suffix == ".safetensors":
        yield from _safetensors(file)
    else:
        yield from read_torch_file(file)


def _safetensors(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    try:
        found = safetensors.deserialize(file.read_bytes())
    except (safetensors.SafetensorError, OSError) as wrong:
        raise ZooError(f"{file}: damaged, or no safetensors file: {wrong}.") from wrong
    for name, tensor in found:
        if tensor["dtype"] not in DTYPES:
            raise ZooError(f"{file}: {name}: cannot read numbers of kind {tensor['dtype']}.")
        array = np.frombuffer(tensor["data"], DTYPES[tensor["dtype"]])
        yield name, array.reshape(tensor["shape"])
