"""Asks a SavedModel through `python_free.c`: a process with the C library of TensorFlow alone."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

SOURCE = Path(__file__).with_name("python_free.c")
ROOT = Path(tf.__file__).parent


def built(folder):
    """The program, compiled against the libraries in TensorFlow's wheel; a skip where it cannot."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler is installed, to build a client without Python")
    libraries = [ROOT / name for name in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")]
    if not all(library.exists() for library in libraries):
        pytest.skip("this TensorFlow brings no C library")
    program = folder / "python_free"
    command = [compiler, "-O1", "-Wall", "-Werror", str(SOURCE), "-o", str(program)]
    command += [f"-I{ROOT / 'include'}", *map(str, libraries), f"-Wl,-rpath,{ROOT}"]
    subprocess.run(command, check=True)
    return program


class Client:
    """The signatures of a SavedModel: call with a name and arrays by name."""

    def __init__(self, program, folder, libraries=()):
        model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        self.signatures = model.meta_graphs[0].signature_def
        command = [str(program), str(folder), *map(str, libraries)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, name, **given):
        signature = self.signatures[name]
        assert given.keys() == signature.inputs.keys()
        asked = [_number(len(given))]
        for key, array in given.items():
            asked += [_name(signature.inputs[key].name), _tensor(signature.inputs[key], array)]
        asked.append(_number(len(signature.outputs)))
        asked += [_name(one.name) for one in signature.outputs.values()]
        self.process.stdin.write(b"".join(asked))
        self.process.stdin.flush()
        return {key: self._read() for key in signature.outputs}

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)

    def _read(self):
        _, kind, axes = (self._number() for _ in range(3))
        shape = [self._number() for _ in range(axes)]
        size, dtype = self._number(), tf.dtypes.as_dtype(kind)
        if dtype != tf.string:
            found = np.frombuffer(self._bytes(size), dtype.as_numpy_dtype)
            return found.reshape(shape)
        texts = [self._bytes(self._number()) for _ in range(int(np.prod(shape)))]
        return np.array(texts, object).reshape(shape)

    def _number(self):
        return struct.unpack("=q", self._bytes(8))[0]

    def _bytes(self, size):
        found = self.process.stdout.read(size)
        assert len(found) == size, "the process has ended"
        return found


def _number(value):
    return struct.pack("=q", value)


def _name(name):
    return _number(len(name)) + name.encode()


def _tensor(spec, array):
    array = np.asarray(array, tf.dtypes.as_dtype(spec.dtype).as_numpy_dtype)
    head = b"".join(map(_number, [spec.dtype, array.ndim, *array.shape]))
    if array.dtype != object:
        return head + _number(array.nbytes) + array.tobytes()
    texts = [text if isinstance(text, bytes) else text.encode() for text in array.ravel()]
    return head + _number(0) + b"".join(_number(len(text)) + text for text in texts)
