"""TensorFlow's own format: text in, text out. TensorFlow Serving and `zoo serve` read it."""

import json
from typing import Any

import tensorflow as tf

from zoo.core.kinds import to_config
from zoo.serving import export, requests
from zoo.serving.formats import Format, Written
from zoo.serving.requests import Request

BY_IDS = (
    "Each that reads text or music can also be asked with token ids, as `…_ids`: `token_ids` int32 "
    "`b t` and `num_tokens` int32 `b` in place of it."
)
OF_GRAPHS = (
    "Nodes are numbered from 0 in the order of their rows, in every graph anew. An edge that leads "
    "both ways is written twice."
)
FILE = "the file of a picture, or of MIDI"
BY_PIXELS = (
    "Each that takes files of pictures can also be asked with pixels, as `…_pixels`: `pixels` "
    "uint8 `b y x c`, of any size, in place of `image`; what is answered as `image_bytes` is "
    "answered as `pixels` then."
)


class SavedModel(Format):
    """The first signature wanted is also `serving_default`; where nothing is wanted, what
    `export.by_default` names is written."""

    folder = "saved_models"

    def begin(self, model, wanted, name):
        task = to_config(model.task)["kind"]
        found = export.signatures(task, export.filled(wanted, model))
        found = export.suited(model, found)
        functions = export.endpoints(model, found)

        def write(aside):
            root = tf.Module()  # holds no function: those are traced anew when they are saved
            root.weights = [variable.value for variable in model.task.variables]
            root.resources = model.tokenizer.resources()
            tf.saved_model.save(root, str(aside), functions)
            ways = {one: (signature, functions[one]) for one, signature in found.items()}
            asked = requests.made(model, ways)
            requests.write(aside, model, asked)
            operations = model.tokenizer.custom_ops
            export.prove(aside, sorted(set(operations.values())))
            facts = {"signatures": sorted(functions), "custom_ops": operations}
            reading = BY_PIXELS if model.picture else OF_GRAPHS if model.graph else BY_IDS
            return Written(found, reading, _lines(name, asked), facts)

        return write


def _lines(name: str, asked: list[Request]) -> str:
    """A request by curl."""
    if not asked:
        return "Its signatures hand a memory on: ask `start`, then `step`."
    first = asked[0]
    row = {key: _said(x[0]) for key, x in first.inputs.items()}
    body = json.dumps({"signature_name": first.signature, "instances": [row]}, ensure_ascii=False)
    file = "piece.mid" if "midi" in row else "picture.jpg"
    quoted = body.replace("'", "'\\''").replace(FILE, f"'$(base64 -w0 {file})'")
    return (
        "```bash\n"
        "tensorflow_model_server --rest_api_port=8501 --model_name="
        f"{name} --model_base_path=$PWD/saved_models/{name}   # or: zoo serve saved_models\n"
        f"curl -d '{quoted}' http://localhost:8501/v1/models/{name}:predict\n"
        "```"
    )


def _said(value: Any) -> Any:
    """A value of a request as JSON has it; for what is no text, a file that a shell is to read."""
    if not isinstance(value, bytes):
        return value.tolist()
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": FILE}
