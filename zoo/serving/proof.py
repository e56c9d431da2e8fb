"""Prove a SavedModel of the zoo where neither the zoo nor Keras is: it has to answer the requests
beside it as the live model did, and to read texts as training did.

python -I proof.py saved_models/quickstart/1 [LIBRARY ...]

The libraries of operations are those of its manifest, or those named where it has none yet.
"""

import base64
import json
import os
import pathlib
import runpy
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
NEAR = 1e-3
"""How far numbers may be off, plus this share of them: graphs sum in another order."""
PNG = b"PNG"


def main() -> int:
    folder, *named = sys.argv[1:]
    folder = pathlib.Path(folder)
    client = runpy.run_path(str(pathlib.Path(__file__).with_name("client.py")))

    # Importing them fails from here on.
    sys.modules["keras"] = sys.modules["zoo"] = None  # type: ignore[assignment]
    import tensorflow as tf

    client["load"](tf, named or client["libraries"](folder))
    signatures = tf.saved_model.load(str(folder)).signatures
    golden = json.loads((folder / "assets.extra" / "golden.json").read_text())
    wrong = [*wrongly_read(tf, signatures, golden["tokens"])]
    for request in golden["requests"]:
        wrong += wrongly_answered(tf, signatures, request)
    for line in wrong[:5]:
        print(line)
    return 1 if wrong else 0


def wrongly_read(tf, signatures, tokens):
    """A line for each text that gives other token ids."""
    if "tokenize" not in signatures:
        return
    (name,) = signatures["tokenize"].structured_input_signature[1]
    texts = [raw(text) for text, _ in tokens]
    found = signatures["tokenize"](**{name: tf.constant(texts, tf.string)})
    rows = zip(found["token_ids"].numpy().tolist(), found["num_tokens"].numpy().tolist())
    for (text, wanted), (ids, number) in zip(tokens, rows):
        if ids[:number] != wanted:
            yield f"tokenize: {text!r} is read as {ids[:number]}, expected {wanted}"


def wrongly_answered(tf, signatures, request):
    """A line for each output that is another one."""
    import numpy as np

    name, function = request["signature"], signatures[request["signature"]]
    specs = function.structured_input_signature[1]
    inputs = {key: tf.constant(raw(x), specs[key].dtype) for key, x in request["inputs"].items()}
    for key, found in function(**inputs).items():
        array, wanted = found.numpy(), raw(request["outputs"][key])
        if is_png(wanted):
            both = ([tf.io.decode_png(file).numpy() for file in files] for files in (array, wanted))
            same = len(array) == len(wanted) and all(map(alike, *both))
        elif found.dtype == tf.string:
            same = array.tolist() == wanted
        elif found.dtype == tf.uint8:
            same = alike(array, np.array(wanted))
        else:
            wanted = np.array(wanted)
            same = array.shape == wanted.shape and np.allclose(array, wanted, NEAR, NEAR)
        if not same:
            yield f"{name}: {key} is {shown(array.tolist())}, expected {shown(wanted)}"


def is_png(value):
    """Whether they are files of pictures."""
    return isinstance(value, list) and all(isinstance(x, bytes) and PNG in x[:8] for x in value)


def alike(found, wanted):
    """Whether they are the same pixels, but for how the nearest of two is chosen."""
    wide, other = found.astype("int32"), wanted.astype("int32")
    return wide.shape == other.shape and abs(wide - other).max(initial=0) <= 1


def raw(value):
    """Numbers, and texts as bytes, in lists as they were; bytes may be written {"b64": ...}."""
    if isinstance(value, list):
        return [raw(one) for one in value]
    if isinstance(value, str):
        return value.encode()
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def shown(value):
    text = str(value)
    return text if len(text) < 80 else f"{text[:80]} …"


if __name__ == "__main__":
    sys.exit(main())
