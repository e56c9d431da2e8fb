"""Requests to a SavedModel with the answers of the live model: it is warmed up and proved by them.

TensorFlow Serving replays `assets.extra/tf_serving_warmup_requests` before a version serves. In
`assets.extra/golden.json` stand the same requests with their answers, and texts with their token
ids as training reads them.
"""

import base64
import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from zoo.core.kinds import to_config
from zoo.serving.signatures import Served, Signature
from zoo.serving.signatures._reading import lengths

EXTRA = "assets.extra"
WARM_UP, GOLDEN = "tf_serving_warmup_requests", "golden.json"
SENTENCE = "The quick brown fox jumps over the lazy dog, and nobody knows why. "
HARD = (
    *("", " ", "hello world", "  lead, trail  ", "a\tb\r\nc\n\n  d \n e", "it's we're 's''s"),
    *("naïve café ﬁ ß İstanbul e\u0301", "日本語 豈 한국어 Ελλάς", "😀👨‍👩‍👧🏽 mid😀word"),
    *("½٣४ 1.000,00", "\u200bzero\u200dwidth", "\u00a0no\u3000break", "<s> [MASK] ##ing"),
    *("=====-----", "x" * 120),
)
PLAYED = bytes.fromhex(
    "4d546864 00000006 0000 0001 0060 4d54726b 00000034"
    "00ff510307a120 00903c40 004050 30b0407f 30803c00 00ff51030f4240 60904330"
    "60b04000 00904000 004300 8360c000 00ff2f00"
)
"""A file of MIDI with much that others write: another tempo, a pedal, statuses left out."""
NEW = 4
"""So many tokens are written behind a text, or stand for a mask in it."""
NUM_TEXTS = 100
"""So many texts are kept with their token ids."""


class Request(NamedTuple):
    """What a signature is asked, and what it answers; arrays by name."""

    signature: str
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]


def made(model: Served, signatures: dict[str, tuple[Signature, Any]]) -> list[Request]:
    """A request to each signature that hands no memory on and has an example: of those that read
    texts one for each length of rows that its graph knows. With the answer of its function;
    `signatures` are both by name."""
    found = []
    for name, (signature, function) in signatures.items():
        if signature.streams:
            continue
        for inputs in _read(model, signature) or signature.examples(model):
            tensors = {one: tf.constant(x) for one, x in inputs.items()}
            answer = {one: x.numpy() for one, x in function(*tensors.values()).items()}
            found.append(Request(name, inputs, answer))
    return found


def _read(model: Served, signature: Signature) -> list[dict[str, np.ndarray]]:
    """Examples of what a signature is asked that reads texts or looks at pictures."""
    names = signature.reads(model)
    if not names:
        return []
    known = [] if to_config(model.task)["kind"] == "causal_lm" else lengths(model)
    return [
        {one: np.array([given], object) for one in names} | signature.example_options(model)
        for given in dict.fromkeys(_examples(model, signature, known or [None]))
    ]


def _examples(model: Served, signature: Signature, lengths: list[int | None]) -> list[bytes]:
    """What a signature may be asked about: a text for each length of rows, or files."""
    if model.picture:
        return pictures(model.picture)
    if model.music:
        return pieces(model)
    texts = [_text(model, length, len(signature.reads(model))) for length in lengths]
    return [signature.example(text).encode() for text in texts]


def pieces(model: Served) -> list[bytes]:
    """Files of MIDI: one of others, and the same as a model writes it."""
    (read,) = model.tokenizer.read_all([np.frombuffer(PLAYED, "uint8")])
    return [PLAYED, model.tokenizer.midi(read.tolist())]


def pictures(size: tuple[int, int, int]) -> list[bytes]:
    """Files of colours that run into one another: one of the size `(y, x, c)` that a model looks
    at, and one larger and of another shape."""
    height, width, channels = size
    whole = tf.io.encode_png(colours(height, width, channels))
    wide = tf.io.encode_jpeg(colours(height + height // 4, 2 * width, channels))
    return [whole.numpy(), wide.numpy()]


def colours(height: int, width: int, channels: int) -> np.ndarray:
    """uint8 `y x c`"""
    rows, columns = np.ogrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    shades = [rows + 0 * columns, columns + 0 * rows, 1 - rows * columns]
    return (255 * np.stack(shades[:channels], axis=-1)).astype("uint8")


def _text(model: Served, length: int | None, parts: int) -> str:
    """Sentences that, in so many parts, fill rows of a length; where none is known one, or as much
    of it as the positions of the model have room for."""
    size = model.tokenizer.read(np.frombuffer(SENTENCE.encode(), "uint8")).size
    backbone = model.task.backbone
    limit = backbone.max_source_length or backbone.max_sequence_length or 2 * size
    room = ((length or min(limit, 2 * size)) - model.frame().size - NEW) // parts
    return SENTENCE * (room // size) or SENTENCE[: max(1, room // 4)]


def write(folder: Path, model: Served, requests: list[Request]) -> None:
    """Write both files."""
    (folder / EXTRA).mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / EXTRA / WARM_UP)) as writer:
        for request in requests:
            writer.write(_logged(request))
    texts = _read_as_trained(model)
    read = model.tokenizer.read_all([np.frombuffer(text, "uint8") for text in texts])
    golden = {
        "tokens": [[_said(text), ids.tolist()] for text, ids in zip(texts, read)],
        "requests": [
            {"signature": name, "inputs": _plain(inputs), "outputs": _plain(outputs)}
            for name, inputs, outputs in requests
        ],
    }
    (folder / EXTRA / GOLDEN).write_text(json.dumps(golden, indent=1))


def _read_as_trained(model: Served) -> list[bytes]:
    """Texts, or pieces of music, that are kept with their token ids."""
    if model.picture:
        return []
    if model.music:
        return [*pieces(model), b""]
    hard = [(first + second).encode() for first, second in itertools.product(HARD, HARD)]
    return hard[:NUM_TEXTS]


def _plain(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Arrays as lists; bytes that are no UTF-8 as REST writes them, {"b64": …}."""
    read = np.frompyfunc(_said, 1, 1)
    return {name: (read(x) if x.dtype == object else x).tolist() for name, x in arrays.items()}


def _said(content: bytes) -> Any:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(content).decode()}


def _logged(request: Request) -> bytes:
    asked = predict_pb2.PredictRequest()
    asked.model_spec.signature_name = request.signature
    for name, array in request.inputs.items():
        asked.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    log = prediction_log_pb2.PredictLog(request=asked)
    return prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString()
