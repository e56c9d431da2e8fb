"""ONNX, a file a signature: `logits.onnx`. ONNX Runtime and many others read it."""

import logging
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.core.machine import quiet
from zoo.serving.formats import _lines
from zoo.serving.formats._numbers import Numbers, Refused, Shape
from zoo.serving.formats._read_onnx import NEXT

OPSET = 18
WEIGHTS = "weights.bin"
"""Where the numbers of all signatures stand, each once."""
SMALL = 1024
"""Bytes up to which numbers stay in the file of a signature."""
ALIGNED = 64
"""Weights begin at multiples of so many bytes, so that they can be mapped into memory."""

WHOLE = """
import onnxruntime

model = onnxruntime.InferenceSession("logits.onnx")
(logits,) = model.run(["logits"], inputs)"""
ON = """
import onnxruntime

start, step = (onnxruntime.InferenceSession(f"{name}.onnx") for name in ("start", "step"))
names = [one.name for one in start.get_outputs()]
memory = dict(zip(names, start.run(names, {"batch_size": np.array(1, "int32")})))
names = [one.name for one in step.get_outputs()]
answer = dict(zip(names, step.run(names, {"token_ids": token_ids, **memory})))"""


class Onnx(Numbers):
    """The number of rows and their length are free where they can be. What goes on from a memory
    hands it on under names that begin with `next_`: in ONNX no two tensors share a name."""

    folder = "onnx_models"
    needs = {"onnx": "onnx", "tf2onnx": "tf2onnx", "onnxruntime": "onnxruntime"}
    shapes = (Shape(True, True), Shape(True, False), Shape(False, False))
    reader = "_read_onnx.py"

    def save(self, folder, model, traced):
        import onnx

        stored = _Stored()
        for name, one in traced.items():
            written = _converted(one)
            stored.take(written.graph)
            onnx.save(written, str(folder / f"{name}.onnx"))
        (folder / WEIGHTS).write_bytes(stored.bytes)

    def lines(self, model, traced):
        return _lines.python(model, traced, WHOLE, ON)


def _converted(traced: Any) -> Any:
    """A signature as ONNX. Raises Refused for what ONNX has no operations for."""
    import onnx
    import tf2onnx

    _teach()
    inputs = {spec.name for spec in traced.specs}

    def renamed(*tensors):
        found = traced.function(*tensors)
        return {f"{NEXT}{name}" if name in inputs else name: x for name, x in found.items()}

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    function = tf.function(renamed, autograph=False)
    try:
        with quiet():
            written, _ = tf2onnx.convert.from_function(function, traced.specs, opset=OPSET)
    except Exception as wrong:  # of whatever a converter raises at a graph
        raise Refused("the converter to ONNX cannot write its graph") from wrong
    known = {node.op_type for node in written.graph.node}
    if missing := sorted(op for op in known if not onnx.defs.has(op)):
        raise Refused(f"ONNX has no operation for {', '.join(missing)}")
    return written


def _teach() -> None:
    """Tell the converter of an operation that it does not know: `Erfc`, of Keras's exact gelu."""
    from tf2onnx.handler import tf_op

    class Erfc:
        """1 - erf(x)"""

        @classmethod
        def version_9(cls, graph, node, **_):
            shape, dtype = graph.get_shape(node.output[0]), graph.get_dtype(node.output[0])
            one = graph.make_const(tf2onnx_name(), np.array(1, np.float32))
            erf = graph.make_node("Erf", node.input, shapes=[shape], dtypes=[dtype])
            graph.remove_node(node.name)
            graph.make_node(
                "Sub",
                [one.output[0], erf.output[0]],
                outputs=node.output,
                shapes=[shape],
                dtypes=[dtype],
            )

    def tf2onnx_name():
        from tf2onnx.utils import make_name

        return make_name("one")

    tf_op("Erfc")(Erfc)


class _Stored:
    """The weights of several graphs, those with the same bytes once."""

    def __init__(self):
        self.bytes, self._places = bytearray(), {}

    def take(self, graph: Any) -> None:
        """Leave in a graph where its weights stand."""
        from onnx.external_data_helper import set_external_data
        from onnx.numpy_helper import to_array

        for tensor in graph.initializer:
            raw = tensor.raw_data or to_array(tensor).tobytes()
            if len(raw) <= SMALL:
                continue
            if raw not in self._places:
                self.bytes += bytes(-len(self.bytes) % ALIGNED)
                self._places[raw] = len(self.bytes)
                self.bytes += raw
            tensor.raw_data = raw
            set_external_data(tensor, WEIGHTS, self._places[raw], len(raw))
            tensor.ClearField("raw_data")
