"""One version of a model, loaded from its folder and warm.

Only TensorFlow is needed here, as in TensorFlow Serving. TensorFlow imports Keras when it finds it,
so a process that serves says `sys.modules["keras"] = None` before anything else.
"""

import importlib.util
import json
import re
import time
from pathlib import Path
from typing import Any

import tensorflow as tf
from grpc import StatusCode
from tensorflow_serving.apis import prediction_log_pb2

from zoo.core.errors import ZooError
from zoo.core.folders import MANIFEST, verify
from zoo.serving import proof
from zoo.serving.server.refused import Refused, cause
from zoo.serving.server.signature import Signature

DEFAULT_SIGNATURE = "serving_default"
WARM_UP = Path("assets.extra", "tf_serving_warmup_requests")
GOLDEN = Path("assets.extra", "golden.json")


class Servable:
    """A version of a model that answers. Who runs one of its signatures holds it, so it is freed
    when it is replaced and its last request has ended."""

    def __init__(self, name: str, version: int, loaded: Any):
        self.name, self.version, self.loaded_at = name, version, time.time()
        self._loaded = loaded
        found = sorted(loaded.signatures.items())
        self.signatures = {key: Signature(function) for key, function in found}

    def find(self, signature: str = "") -> Signature:
        """A signature by its name. Raises Refused(FAILED_PRECONDITION) where there is none."""
        name = signature or DEFAULT_SIGNATURE
        if name not in self.signatures:
            message = f'Serving signature key "{name}" not found.'
            raise Refused(StatusCode.FAILED_PRECONDITION, message)
        return self.signatures[name]


def load(name: str, version: int, folder: Path) -> Servable:
    """Load a SavedModel, whose files are as its manifest says if it has one, and replay its
    warm-up requests. Raises Refused, in words fit for whoever asks for its status."""
    try:
        _load_operations(folder)
        loaded = tf.saved_model.load(str(folder), tags=["serve"])
        servable = Servable(name, version, loaded)
        if not servable.signatures:
            raise Refused(StatusCode.FAILED_PRECONDITION, "has no signatures to call")
        _warm_up(servable, folder / WARM_UP)
        _reads_as_trained(loaded, folder / GOLDEN)
    except Refused:
        raise
    except ZooError as wrong:
        raise Refused(StatusCode.DATA_LOSS, cause(wrong, folder)) from wrong
    except Exception as wrong:  # of files that anybody may have written
        if missing := re.search(r"Op type not registered '([^']+)'", str(wrong)):
            raise Refused(StatusCode.FAILED_PRECONDITION, _needs(missing[1])) from wrong
        message = f"cannot be loaded: {cause(wrong, folder)}"
        raise Refused(StatusCode.FAILED_PRECONDITION, message) from wrong
    return servable


def _load_operations(folder: Path) -> None:
    """Load the libraries of TensorFlow Text that a manifest names, without its Python, which would
    import Keras. Stock TensorFlow Serving has all of them, so they are all there for a SavedModel
    of somebody else, too."""
    manifest = verify(folder) if (folder / MANIFEST).exists() else None
    form = manifest.get("format", "saved_model") if manifest else "saved_model"
    if form != "saved_model":
        message = f"is of the format {form}: this server answers with SavedModels alone"
        raise Refused(StatusCode.FAILED_PRECONDITION, message)
    wanted = None if manifest is None else manifest.get("custom_ops", {})
    found = importlib.util.find_spec("tensorflow_text") if wanted != {} else None
    places = (found.submodule_search_locations or []) if found else []
    there = {file.name: file for p in places for file in Path(p, "python", "ops").glob("*.so")}
    for operation, library in sorted((wanted or {}).items()):
        if library not in there:
            raise Refused(StatusCode.FAILED_PRECONDITION, _needs(operation))
    for library in sorted(there if wanted is None else set(wanted.values())):
        tf.load_op_library(str(there[library]))


def _needs(operation: str) -> str:
    return (
        f"needs the operation {operation}, which is not in this server. Operations of TensorFlow "
        "Text come with: pip install tensorflow-text"
    )


def _reads_as_trained(loaded: Any, file: Path) -> None:
    """Read the texts that were written beside the model: other operations than those it was made
    with may cut them into other tokens, and say nothing."""
    if not file.is_file():
        return
    tokens = json.loads(file.read_text())["tokens"]
    if wrong := next(proof.wrongly_read(tf, loaded.signatures, tokens), None):
        raise Refused(StatusCode.FAILED_PRECONDITION, wrong)


def _warm_up(servable: Servable, file: Path) -> None:
    """Answer the requests that were written beside the model, as TensorFlow Serving does: the
    first request of a client then finds everything allocated."""
    if not file.is_file():
        return
    for number, record in enumerate(tf.data.TFRecordDataset(str(file)).as_numpy_iterator(), 1):
        try:
            log = prediction_log_pb2.PredictionLog.FromString(record)
            if not log.HasField("predict_log"):
                continue
            request = log.predict_log.request
            inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
            servable.find(request.model_spec.signature_name).run(inputs)
        except Exception as wrong:  # of a file that anybody may have written
            message = f"warm-up request {number}: {cause(wrong)}"
            raise Refused(StatusCode.FAILED_PRECONDITION, message) from wrong
