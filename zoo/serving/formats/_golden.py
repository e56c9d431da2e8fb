"""Requests with their answers, to prove by what was written as numbers alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from zoo.serving.formats._proof import thinned

FILE = "golden.json"
MEMORY = "memory_"
"""What the names of tensors begin with that are handed on."""


def write(folder: Path, asked: dict[str, list[tuple[dict, dict]]]) -> None:
    """Write `golden.json`: what signatures were asked, by their names, and what they answered, thin
    where it is wide. Memories are not written: a request that goes on is given the last one."""
    requests = []
    for name, examples in asked.items():
        for inputs, outputs in examples:
            requests.append(
                {
                    "signature": name,
                    "inputs": {key: _plain(x) for key, x in _own(inputs).items()},
                    "outputs": {key: _plain(thinned(x)) for key, x in _own(outputs).items()},
                    "goes_on": any(key.startswith(MEMORY) for key in inputs),
                }
            )
    (folder / FILE).write_text(json.dumps({"requests": requests}, indent=1))


def _own(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: x for key, x in arrays.items() if not key.startswith(MEMORY)}


def _plain(array: np.ndarray) -> dict[str, Any]:
    return {"dtype": array.dtype.name, "values": array.tolist()}
