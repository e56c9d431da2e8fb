"""TensorProto to numpy and back. A message may lie: its shape is believed only after what it holds
was counted, so that 17 bytes never become 40 megabytes."""

from typing import Any

import numpy as np

from zoo.serving.server.limits import Limits, wrong

FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "string": "string_val",
    "float16": "half_val",
    "bfloat16": "half_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
} | dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "int_val")
"""Where a TensorProto keeps the values of a type, when not in `tensor_content`."""


def tensors(messages: Any, inputs: dict[str, Any], limits: Limits) -> dict[str, np.ndarray]:
    """An array for each of the `inputs` of a signature (a TensorSpec each).

    Raises Refused(INVALID_ARGUMENT) before any array is made.
    """
    if messages.keys() != inputs.keys():
        sent, wanted = (", ".join(sorted(names)) or "none" for names in (messages, inputs))
        raise wrong(f"input names: found {sent}; expected {wanted}.")
    for name, spec in inputs.items():
        _check(name, messages[name], spec, limits)
    return {name: _array(name, messages[name]) for name in inputs}


def fill(message: Any, array: np.ndarray, as_content: bool = False) -> None:
    """Write an array into a TensorProto: its values one by one, as TensorFlow Serving answers, or
    as the bytes they are, which is quicker for memory that only travels."""
    import tensorflow as tf

    of_type = tf.dtypes.as_dtype(array.dtype if array.dtype.kind not in "OS" else tf.string)
    message.dtype = of_type.as_datatype_enum
    for size in array.shape:
        message.tensor_shape.dim.add().size = size
    if as_content and of_type != tf.string:
        message.tensor_content = array.tobytes()
        return
    values = array.ravel()
    if of_type.name in ("float16", "bfloat16"):
        values = values.view(np.uint16)
    elif of_type.is_complex:
        values = values.view(values.real.dtype)
    getattr(message, FIELDS[of_type.name]).extend(values.tolist())


def _check(name: str, message: Any, spec: Any, limits: Limits) -> None:
    if message.dtype != spec.dtype.as_datatype_enum or spec.dtype.name not in FIELDS:
        found = type(message).DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_number
        word = found[message.dtype].name if message.dtype in found else str(message.dtype)
        wanted = found[spec.dtype.as_datatype_enum].name
        raise wrong(f"{name}: found values of type {word}, expected {wanted}.")
    if message.tensor_shape.unknown_rank:
        raise wrong(f"{name}: a tensor that is sent must say its shape.")
    shape = tuple(dim.size for dim in message.tensor_shape.dim)
    limits.size(name, shape)
    wanted = int(np.prod(shape, dtype=np.int64))
    held = len(getattr(message, FIELDS[spec.dtype.name]))
    needs = f"its shape [{', '.join(map(str, shape))}] needs"
    if message.tensor_content and spec.dtype.name == "string":
        raise wrong(f"{name}: texts are expected in string_val, found them in tensor_content.")
    if message.tensor_content:
        size, needed = len(message.tensor_content), wanted * spec.dtype.size
        if held or size != needed:
            raise wrong(f"{name}: tensor_content has {size:,} bytes, {needs} {needed:,}.")
    elif held != wanted * (2 if spec.dtype.is_complex else 1):
        raise wrong(f"{name}: holds {held:,} values, {needs} {wanted:,}.")


def _array(name: str, message: Any) -> np.ndarray:
    import tensorflow as tf

    try:
        return tf.make_ndarray(message)
    except (ValueError, TypeError, OverflowError) as error:
        raise wrong(f"{name}: holds values beyond its type.") from error
