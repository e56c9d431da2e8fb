"""LiteRT (TensorFlow Lite), for phones and small machines: `model.tflite`, with all signatures."""

import re
import tempfile

import tensorflow as tf

from zoo.core.errors import ZooError
from zoo.core.machine import quiet
from zoo.serving.formats import _lines
from zoo.serving.formats._numbers import Numbers, Refused, Shape

FILE = "model.tflite"

WHOLE = f"""
from ai_edge_litert.interpreter import Interpreter

model = Interpreter("{FILE}").get_signature_runner("logits")
logits = model(**inputs)["logits"]"""
ON = f"""
from ai_edge_litert.interpreter import Interpreter

model = Interpreter("{FILE}")
memory = model.get_signature_runner("start")(batch_size=np.array(1, "int32"))
answer = model.get_signature_runner("step")(token_ids=token_ids, **memory)"""


class Litert(Numbers):
    """Rows have a length, their number is free where it can be. Its own operations alone are used,
    which every runtime has."""

    folder = "litert_models"
    needs = {"ai_edge_litert": "ai-edge-litert"}
    shapes = (Shape(True, False), Shape(False, False))
    reader = "_read_litert.py"

    def begin(self, model, wanted, name):
        if wanted.quantize:
            text = "litert has no products of bytes as Keras makes them: write saved_model or onnx."
            raise ZooError(text, "quantize")
        return super().begin(model, wanted, name)

    def save(self, folder, model, traced):
        root = tf.Module()
        root.weights = [variable.value for variable in model.task.variables]
        functions = {
            name: tf.function(one.function, autograph=False).get_concrete_function(*one.specs)
            for name, one in traced.items()
        }
        with tempfile.TemporaryDirectory() as whole, quiet():
            tf.saved_model.save(root, whole, functions)
            converter = tf.lite.TFLiteConverter.from_saved_model(whole, [*functions])
            try:
                written = converter.convert()
            except Exception as wrong:  # of whatever a converter raises at a graph
                raise Refused(_reason(str(wrong))) from wrong
        (folder / FILE).write_bytes(written)

    def lines(self, model, traced):
        return _lines.python(model, traced, WHOLE, ON)


def _reason(said: str) -> str:
    """Which operations LiteRT has not, out of pages of the converter."""
    missing = re.search(r"(?:TF Select|Custom) ops: ([\w, ]+)", said)
    if missing:
        return f"LiteRT has no operation for {missing[1].strip()}"
    return "the converter to LiteRT cannot write its graph"
