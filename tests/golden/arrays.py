"""What the scripts that make golden files share: exact random numbers, and saving."""

import json
import sys
from pathlib import Path

import numpy as np


def noise(rng, *shape, scale=1.0):
    """Normal numbers rounded to multiples of 1/256: exact in float32, and they compress well."""
    return (np.round(rng.standard_normal(shape) * scale * 256) / 256).astype("float32")


def drawn(name, shape):
    """Weights that need not be kept, for they follow from their name: of a matrix as large as keeps
    the size of a signal, of a norm about 1, of a bias about 0."""
    rng = np.random.default_rng(list(name.encode()))
    if len(shape) > 1:
        return (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype("float32")
    return (rng.standard_normal(shape) * 0.1 + name.endswith(".weight")).astype("float32")


def randomise(module, rng, scale=0.5):
    """Give every parameter of a torch module random values."""
    for parameter in module.parameters():
        parameter.data = parameter.data.new_tensor(noise(rng, *parameter.shape, scale=scale))


def case_arrays(config, weights, **arrays):
    """The arrays of one case: its configuration as JSON, a state dict, and the rest."""
    text = np.array(json.dumps(config, sort_keys=True))
    weights = {f"weights/{name}": value.numpy() for name, value in weights.items()}
    return {"config": text, **weights, **arrays}


def prefixed(case, arrays):
    return {f"{case}/{name}": array for name, array in arrays.items()}


def save(script, arrays):
    """Save beside make_<name>.py as <name>.npz, or where the command line says."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} is not finite")
    name = Path(script).stem.removeprefix("make_") + ".npz"
    path = Path(sys.argv[1]) if sys.argv[1:] else Path(script).with_name(name)
    np.savez_compressed(path, **arrays)
    print(f"{path}: {len(arrays)} arrays, {path.stat().st_size} bytes")
