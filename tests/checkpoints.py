"""Golden checkpoints as folders of Hugging Face, and PyTorch's files written without PyTorch."""

import json
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent / "golden" / "checkpoints"
STORAGES = {
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "float64": "DoubleStorage",
    "int64": "LongStorage",
}


def golden(file):
    """A golden file by its name or path."""
    with np.load(FOLDER / f"{file}.npz" if isinstance(file, str) else file) as found:
        return {name: found[name] for name in found.files}


def parts(golden, prefix):
    return {name.partition("/")[2]: golden[name] for name in golden if name.startswith(prefix)}


def weights(golden):
    return {name: np.ascontiguousarray(one) for name, one in parts(golden, "weights/").items()}


def write(folder, golden, **changes):
    """The folder as Hugging Face would have written it."""
    folder.mkdir(exist_ok=True)
    config = {**json.loads(str(golden["config"])), **changes}
    (folder / "config.json").write_text(json.dumps(config))
    if "preprocessor" in golden:
        (folder / "preprocessor_config.json").write_text(str(golden["preprocessor"]))
    save_file(weights(golden), folder / "model.safetensors")
    return folder


def pictures(model, x):
    """Normalised pictures as the model is given them, 0 to 255."""
    backbone = getattr(model, "backbone", model)
    mean, std = (np.array(x or [127.5]) for x in (backbone.image_mean, backbone.image_std))
    return {"images": (x * std + mean).astype("float32")}


def opcodes(value):
    """A value as the opcodes of a pickle; bytes are opcodes already."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return b"V%s\n" % value.encode()
    if isinstance(value, int):
        return b"I%d\n" % value
    return b"(" + b"".join(map(opcodes, value)) + b"t"


def reduced(function, *arguments):
    """The opcodes of a call: `module name` and what it is called with."""
    return b"c%s\n%s\n" % tuple(function.encode().split()) + opcodes(arguments) + b"R"


def torch_file(file, arrays, compression=zipfile.ZIP_STORED):
    """Write arrays as `torch.save` writes a state dictionary, and bytes as opcodes. An array keeps
    its strides."""
    items, storages = b"", {}
    for number, (name, array) in enumerate(arrays.items()):
        items += opcodes(name) + (array if isinstance(array, bytes) else _tensor(array, number))
        if not isinstance(array, bytes):
            storages[f"archive/data/{number}"] = np.ravel(array, "K").tobytes()
    pickled = b"\x80\x02" + reduced("collections OrderedDict") + b"(" + items + b"u."
    with zipfile.ZipFile(file, "w", compression) as opened:
        for name, content in {"archive/data.pkl": pickled, **storages}.items():
            opened.writestr(name, content)


def _tensor(array, key):
    kind = b"ctorch\n%s\n" % STORAGES[array.dtype.name].encode()
    storage = opcodes(("storage", kind, str(key), "cpu", array.size)) + b"Q"
    stride = tuple(step // array.itemsize for step in array.strides)
    hooks = reduced("collections OrderedDict")
    return reduced("torch._utils _rebuild_tensor_v2", storage, 0, array.shape, stride, 0, hooks)
