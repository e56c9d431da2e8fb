"""One function of a SavedModel: named arrays in, named arrays out."""

from typing import Any

import numpy as np
import tensorflow as tf
from grpc import StatusCode

from zoo.core.errors import shown
from zoo.serving.server.refused import Refused, cause

MEMORY = "memory_"
# Errors of TensorFlow that the request caused. The others are the model's or the machine's.
OF_THE_REQUEST = (tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError)


class Signature:
    """A function of a SavedModel.

    `inputs`, `outputs`: what it takes and gives, `{name: tf.TensorSpec}`
    `stateful`: it hands a memory on: an output has the name of an input that begins with `memory_`
    `batched`: rows of several requests may be joined along the first axis: that axis is free
        everywhere, no row leaves a memory, and no output has another free axis, whose length could
        tell how long the rows of others are
    """

    def __init__(self, function: Any):
        self._function = function
        self.inputs: dict[str, tf.TensorSpec] = dict(function.structured_input_signature[1])
        self.outputs: dict[str, tf.TensorSpec] = dict(function.structured_outputs)
        handed_on = self.inputs.keys() & self.outputs.keys()
        self.stateful = any(name.startswith(MEMORY) for name in handed_on)
        both = [*self.inputs.values(), *self.outputs.values()]
        self.batched = (
            bool(self.inputs)
            and not self.stateful
            and all(spec.shape.rank and spec.shape[0] is None for spec in both)
            and all(spec.shape[1:].is_fully_defined() for spec in self.outputs.values())
        )

    def check(self, inputs: dict[str, np.ndarray]) -> None:
        """Raises Refused(INVALID_ARGUMENT) unless names, types and shapes are the signature's."""
        if inputs.keys() != self.inputs.keys():
            raise Refused(StatusCode.INVALID_ARGUMENT, self._other_names(inputs))
        for name, spec in self.inputs.items():
            found, wanted = inputs[name], spec.dtype.as_numpy_dtype
            same = found.dtype.kind in "SO" if spec.dtype == tf.string else found.dtype == wanted
            if not same or not spec.shape.is_compatible_with(found.shape):
                raise Refused(
                    StatusCode.INVALID_ARGUMENT,
                    f"input {name}: expected {spec.dtype.name} of shape {_shape(spec.shape)}, "
                    f"found {_type(found)} of shape {_shape(found.shape)}",
                )

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs, computed while the caller waits. Raises Refused: INVALID_ARGUMENT where the
        inputs are at fault, RESOURCE_EXHAUSTED without memory, INTERNAL where the model is."""
        self.check(inputs)
        try:
            tensors = {n: tf.constant(inputs[n], spec.dtype) for n, spec in self.inputs.items()}
        except (ValueError, TypeError) as wrong:
            raise Refused(StatusCode.INVALID_ARGUMENT, cause(wrong)) from wrong
        try:
            return {name: value.numpy() for name, value in self._function(**tensors).items()}
        except OF_THE_REQUEST as wrong:
            raise Refused(StatusCode.INVALID_ARGUMENT, cause(wrong)) from wrong
        except (tf.errors.ResourceExhaustedError, MemoryError) as wrong:
            raise Refused(StatusCode.RESOURCE_EXHAUSTED, cause(wrong)) from wrong
        except Exception as wrong:  # of a graph that anybody may have written
            raise Refused(StatusCode.INTERNAL, f"the model failed: {cause(wrong)}") from wrong

    def _other_names(self, inputs: dict[str, np.ndarray]) -> str:
        """What TensorFlow Serving says of an input too many or too few."""
        sent, taken = ({*map(_cut, names)} for names in (inputs, self.inputs))
        return (
            f"input size does not match signature: {len(inputs)}!={len(self.inputs)} "
            f"len({_set(sent)}) != len({_set(taken)}). Sent extra: {_set(sent - taken)}. "
            f"Missing but required: {_set(taken - sent)}."
        )


def _cut(name: str) -> str:
    return shown(name)[1:-1]


def _set(names: set[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _shape(shape: Any) -> str:
    """`[?,2]`"""
    return "[" + ",".join("?" if n is None else str(n) for n in tuple(shape)) + "]"


def _type(array: np.ndarray) -> str:
    return "string" if array.dtype.kind in "SO" else array.dtype.name
