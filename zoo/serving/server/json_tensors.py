"""JSON to tensors and back, by the rules of TensorFlow Serving's REST interface.

Stricter than it in three things: nothing may follow the object, no key may be there twice, and a
text must be one that UTF-8 can say.
"""

import base64
import itertools
import json
from typing import Any, NamedTuple

import numpy as np
from grpc import StatusCode

from zoo.core.errors import shown
from zoo.serving.server.limits import wrong
from zoo.serving.server.refused import Refused

ROWS, COLUMNS = "instances", "inputs"
DEEPEST = 32
"""Dimensions of a tensor; numpy knows 64, and no model of ours has more than five."""


class Asked(NamedTuple):
    """A body that was read: `content` is that of `instances` (in rows) or of `inputs`."""

    signature_name: str
    in_rows: bool
    content: Any


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object a body holds. Raises Refused(INVALID_ARGUMENT)."""
    if not body.strip():
        raise wrong("The body is empty, expected a JSON object.")
    try:
        found = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise wrong(f"The body is not UTF-8: see byte {error.start}.") from error
    except json.JSONDecodeError as error:
        raise wrong(f"The body is not JSON: {error.msg} at character {error.pos}.") from error
    except RecursionError as error:
        raise wrong("The body is not JSON a server would read: it is nested too deep.") from error
    except ValueError as error:  # Python reads no whole number of more than 4300 digits
        raise wrong("The body holds a number with too many digits.") from error
    if not isinstance(found, dict):
        raise wrong(f"The body is {_word(found)}, expected a JSON object.")
    return found


def read(body: bytes) -> Asked:
    """A body of `:predict`. Raises Refused(INVALID_ARGUMENT)."""
    found = read_object(body)
    name = found.get("signature_name", "")
    if not isinstance(name, str):
        raise wrong(f"signature_name: found {seen(name)}, expected a text.")
    if ROWS in found and COLUMNS in found:
        raise wrong(f"expecting only one of '{COLUMNS}' or '{ROWS}' keys to exist, found both.")
    if ROWS not in found and COLUMNS not in found:
        raise wrong(f"Missing '{COLUMNS}' or '{ROWS}' key")
    if ROWS in found and not (isinstance(found[ROWS], list) and found[ROWS]):
        raise wrong(f"{ROWS}: found {seen(found[ROWS])}, expected a list with at least one row.")
    return Asked(name, ROWS in found, found.get(ROWS, found.get(COLUMNS)))


def tensors(asked: Asked, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """An array for each of the `inputs` of a signature (a TensorSpec each).

    Texts are bytes in arrays of objects. Raises Refused(INVALID_ARGUMENT), or UNIMPLEMENTED for
    types that JSON has no words for.
    """
    if not inputs:
        raise wrong("This signature takes no inputs: ask for it over gRPC.")
    columns = _from_rows(asked.content, inputs) if asked.in_rows else _named(asked.content, inputs)
    return {name: _tensor(columns[name], name, spec) for name, spec in inputs.items()}


def answer(outputs: dict[str, np.ndarray], in_rows: bool, strict: bool = False) -> str:
    """The JSON of an answer. NaN and infinities are `NaN` and `Infinity`, which JSON does not
    know but TensorFlow Serving writes; `strict` writes null for them."""
    named = {name: _values(name, array, strict) for name, array in outputs.items()}
    alone = next(iter(named)) if len(named) == 1 else None
    if not in_rows:
        return _text({"outputs": named[alone] if alone else named})
    sizes = {name: array.shape[0] if array.ndim else None for name, array in outputs.items()}
    if None in sizes.values() or len(set(sizes.values())) > 1:
        found = ", ".join(f"{n} {'none' if s is None else s}" for n, s in sizes.items())
        raise wrong(f"The outputs have not the same number of rows ({found}): ask with 'inputs'.")
    if alone:
        return _text({"predictions": named[alone]})
    return _text({"predictions": [dict(zip(named, row)) for row in zip(*named.values())]})


def seen(value: Any) -> str:
    """A value as far as it fits in a line, whatever it holds."""
    if value is None:
        return "null"
    try:
        return shown(value).encode(errors="replace").decode()
    except RecursionError:
        return "a deeply nested value"


def as_bytes(leaf: Any) -> bytes:
    """A text, or bytes written as {"b64": …}. Raises ValueError with what was found."""
    if isinstance(leaf, str):
        try:
            return leaf.encode()
        except UnicodeEncodeError as error:
            raise ValueError("found half of a surrogate pair, which is no character") from error
    if not isinstance(leaf, dict) or _is_object(leaf):
        raise ValueError(f"found {seen(leaf)}, expected a text")
    try:
        padded = leaf["b64"] + "=" * (-len(leaf["b64"]) % 4)
        return base64.b64decode(padded, validate=True)
    except ValueError as error:
        raise ValueError(f"Unable to base64 decode {seen(leaf)}") from error


def _from_rows(rows: list, inputs: dict[str, Any]) -> dict[str, list]:
    of_objects = _is_object(rows[0])
    for number, row in enumerate(rows):
        if _is_object(row) != of_objects:
            raise wrong(f"{ROWS}[{number}]: found {seen(row)}, but the first is another kind.")
        if of_objects and row.keys() != inputs.keys():
            keys = f"its keys must be equal to: {', '.join(sorted(inputs))}"
            raise wrong(f"{ROWS}[{number}]: found {seen(row)}, {keys}.")
    if of_objects:
        return {name: [row[name] for row in rows] for name in inputs}
    return {_only(inputs, ROWS): rows}


def _named(content: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    if not _is_object(content):
        return {_only(inputs, COLUMNS): content}
    missing = [name for name in inputs if name not in content]
    if missing:
        raise wrong(f"Missing named input: {missing[0]} in '{COLUMNS}' object.")
    return content


def _only(inputs: dict[str, Any], key: str) -> str:
    if len(inputs) > 1:
        raise wrong(f"{key}: expected objects, for there are several: {', '.join(sorted(inputs))}.")
    return next(iter(inputs))


def _tensor(value: Any, name: str, spec: Any) -> np.ndarray:
    shape, flat = _flat(value, name)
    of_type = spec.dtype.as_numpy_dtype
    if spec.dtype.name == "string":
        array = _texts(flat, name, shape)
    elif spec.dtype.is_bool:
        _check(flat, {bool}, name, shape, "true or false")
        array = np.array(flat, bool)
    elif spec.dtype.is_integer and not spec.dtype.is_quantized:
        _check(flat, {int}, name, shape, f"a whole number ({spec.dtype.name})")
        array = _integers(flat, name, shape, of_type)
    elif spec.dtype.name in ("float32", "float64"):
        _check(flat, {int, float}, name, shape, "a number")
        array = _floats(flat, name, shape, of_type)
    else:
        text = f"{name}: JSON has no words for {spec.dtype.name}: ask over gRPC."
        raise Refused(StatusCode.UNIMPLEMENTED, text)
    return array.reshape(shape)


def _flat(value: Any, name: str) -> tuple[list[int], list]:
    """The shape of nested lists, and all that they hold in one list."""
    shape, level = [], [value]
    while level and isinstance(level[0], list):
        size = len(level[0])
        for at, item in enumerate(level):
            if not isinstance(item, list) or len(item) != size:
                found = f"{len(item)} values" if isinstance(item, list) else seen(item)
                text = f"found {found} where the first holds {size}: rows must not be ragged."
                raise wrong(f"{_place(name, at, shape)}: {text}")
        shape.append(size)
        if len(shape) > DEEPEST:
            raise wrong(f"{name}: is nested more than {DEEPEST} deep.")
        level = list(itertools.chain.from_iterable(level))
    return shape, level


def _check(flat: list, types: set[type], name: str, shape: list[int], wanted: str) -> None:
    if set(map(type, flat)) <= types:
        return
    at = next(at for at, leaf in enumerate(flat) if type(leaf) not in types)
    raise wrong(f"{_place(name, at, shape)}: found {seen(flat[at])}, expected {wanted}.")


def _integers(flat: list[int], name: str, shape: list[int], of_type: Any) -> np.ndarray:
    least, most = np.iinfo(of_type).min, np.iinfo(of_type).max
    if flat and not least <= min(flat) <= max(flat) <= most:
        at = next(at for at, leaf in enumerate(flat) if not least <= leaf <= most)
        wanted = f"a {np.dtype(of_type).name}, {least} to {most}"
        raise wrong(f"{_place(name, at, shape)}: found {seen(flat[at])}, expected {wanted}.")
    return np.array(flat, of_type)


def _floats(flat: list, name: str, shape: list[int], of_type: Any) -> np.ndarray:
    """Whole numbers that a float cannot hold exactly are refused, as TensorFlow Serving does."""
    exact = 2 ** (np.finfo(of_type).nmant + 1) - 1
    lost = np.array([isinstance(leaf, int) and abs(leaf) > exact for leaf in flat], bool)
    wide = np.array([0.0 if no else leaf for no, leaf in zip(lost, flat)], np.float64)
    with np.errstate(over="ignore"):
        array = wide.astype(of_type)
    lost |= np.isinf(array) & ~np.isinf(wide)
    if lost.any():
        at = int(lost.argmax())
        reason = f"which is no {np.dtype(of_type).name} without loss of precision"
        raise wrong(f"{_place(name, at, shape)}: found {seen(flat[at])}, {reason}.")
    return array


def _texts(flat: list, name: str, shape: list[int]) -> np.ndarray:
    array = np.empty(len(flat), object)
    for at, leaf in enumerate(flat):
        try:
            array[at] = as_bytes(leaf)
        except ValueError as error:
            raise wrong(f"{_place(name, at, shape)}: {error}.") from error
    return array


def _values(name: str, array: np.ndarray, strict: bool) -> Any:
    if array.dtype.kind in "OS":
        flat = [_said(name, value) for value in array.ravel().tolist()]
        boxed = np.empty(len(flat), object)
        boxed[:] = flat
        return boxed.reshape(array.shape).tolist()
    if array.dtype.kind in "biu":
        return array.tolist()
    if array.dtype not in (np.float32, np.float64):
        raise wrong(f"{name}: JSON has no words for {array.dtype.name}: ask over gRPC.")
    if array.dtype == np.float32:  # the digits that tell it from its neighbours, and no more
        array = array.astype("U").astype(np.float64)
    if strict and not np.isfinite(array).all():
        return np.where(np.isfinite(array), array, None).tolist()
    return array.tolist()


def _said(name: str, value: bytes) -> Any:
    if name.endswith("_bytes"):
        return {"b64": base64.b64encode(value).decode()}
    return value.decode(errors="replace")


def _text(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise wrong(f"The body has the key {seen(twice)} twice in one object.")
    return found


def _is_object(value: Any) -> bool:
    """An object, and not the way bytes are written."""
    is_bytes = isinstance(value, dict) and [*value] == ["b64"] and isinstance(value["b64"], str)
    return isinstance(value, dict) and not is_bytes


def _place(name: str, at: int, shape: list[int]) -> str:
    index = np.unravel_index(at, shape) if shape else ()
    return name + "".join(f"[{i}]" for i in index)


def _word(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
