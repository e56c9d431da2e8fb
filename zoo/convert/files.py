"""The files of a Hugging Face folder: a config, and weights in one file or in several."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from safetensors.numpy import save_file

from zoo.core.errors import ZooError, shown

CONFIG = "config.json"
BESIDE = "preprocessor_config.json"
"""How pictures are prepared."""
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""In the order they are looked for; each may be an index of several files, `NAME.index.json`."""


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ZooError."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise ZooError(f"{file}: cannot be read: {wrong.strerror}.") from wrong
    except (ValueError, RecursionError) as wrong:
        raise ZooError(f"{file}: not JSON: {wrong}.") from wrong
    if not isinstance(found, dict):
        raise ZooError(f"{file}: found {shown(found)}, expected a JSON object.")
    return found


def beside(folder: Path) -> dict[str, Any]:
    """What stands beside the config, if anything does. Raises ZooError."""
    file = folder / BESIDE
    return read_json(file) if file.is_file() else {}


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights. Raises ZooError when there are none."""
    for name in WEIGHTS:
        if (folder / name).is_file():
            return [folder / name]
        index = folder / f"{name}.index.json"
        if index.is_file():
            return [_beside(folder, part, index) for part in _parts(index)]
    raise ZooError(f"{folder}: holds no weights, expected {' or '.join(WEIGHTS)}.")


def _parts(index: Path) -> list[str]:
    found = read_json(index).get("weight_map")
    if not isinstance(found, dict) or not all(isinstance(part, str) for part in found.values()):
        raise ZooError(f"{index}: weight_map: expected an object with the file of every weight.")
    return sorted(set(found.values()))


def _beside(folder: Path, part: str, index: Path) -> Path:
    if Path(part).name != part or not (folder / part).is_file():
        raise ZooError(f"{index}: names {shown(part)}, which is no file beside it.")
    return folder / part


def require_plain(folder: Path) -> None:
    """Raise ZooError unless the HDF5 files of a preset hold their numbers themselves, all of them:
    none that lie in another file, and no more than the file has room for."""
    for file in sorted(folder.glob("*.h5")):
        try:
            with h5py.File(file) as opened:
                told = sum(_num_bytes(opened, file))
        except (OSError, RuntimeError) as wrong:
            raise ZooError(f"{file}: damaged, or no HDF5 file: {wrong}.") from wrong
        if told > file.stat().st_size:
            raise ZooError(
                f"{file}: claims to hold {told:,} bytes of numbers in a file of "
                f"{file.stat().st_size:,}, expected no more than that."
            )


def _num_bytes(group: h5py.Group, file: Path) -> Iterator[int]:
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ZooError(f"{file}: {group.name}/{name} leads elsewhere, expected numbers.")
        found = group[name]
        if isinstance(found, h5py.Group):
            yield from _num_bytes(found, file)
        elif found.external or found.is_virtual:
            raise ZooError(f"{file}: {found.name} lies in other files, expected numbers.")
        else:
            yield found.nbytes


def write(
    folder: Path,
    config: dict[str, Any],
    weights: dict[str, np.ndarray],
    beside: dict[str, Any] | None = None,
) -> None:
    """A folder as Hugging Face writes it."""
    for name, said in ((CONFIG, config), (BESIDE, beside)):
        if said:
            (folder / name).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    whole = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    save_file(whole, folder / WEIGHTS[0], {"format": "pt"})
