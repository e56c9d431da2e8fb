"""What may be asked of talks: names, types and bounds of the keys of a body."""

from typing import Any

from zoo.core.errors import suggest
from zoo.serving.server import json_tensors
from zoo.serving.server.drawing import Known, Sampled
from zoo.serving.server.limits import Limits, wrong
from zoo.serving.server.talk import Wanted

MOST = 2**31 - 1
NEW_TOKENS, TEMPERATURE, NUM_TURNS, CHOICE_TEMPERATURE = 200, 0.8, 12, 4.5
"""As `zoo generate` has them."""
HOTTEST = 1000.0


def wanted(given: dict[str, Any], limits: Limits) -> tuple[Wanted, bool]:
    """How to write, and whether in a stream. Raises Refused(INVALID_ARGUMENT)."""
    _known(given, (*Wanted._fields, "stream"))
    stream = given.get("stream", False)
    if not isinstance(stream, bool):
        raise wrong(f"stream: found {json_tensors.seen(stream)}, expected true or false.")
    most = limits.new_tokens
    return Wanted(
        _whole(given, "max_new_tokens", min(NEW_TOKENS, most), 0, most), *_sampled(given)
    ), stream


def drawing(given: dict[str, Any], takes: Any) -> tuple[Known, Sampled, bool]:
    """What is known of a picture, how it is to be made, and whether in a stream; `takes` are the
    names of what a model is told of it. Raises Refused(INVALID_ARGUMENT)."""
    told = (*Known._fields, *Sampled._fields)
    _known(given, (*(name for name in told if name in takes), "stream"))
    stream = given.get("stream", False)
    if not isinstance(stream, bool):
        raise wrong(f"stream: found {json_tensors.seen(stream)}, expected true or false.")
    texts = {name: _bytes(given.get(name, ""), name) for name in ("label", "caption", "image")}
    if texts["image"] and "rows" in takes and "rows" not in given:
        raise wrong("rows: is missing, expected how many rows of image are known.")
    rows = _whole(given, "rows", 0, 0, MOST)
    turns = (
        _whole(given, "num_turns", NUM_TURNS, 1, MOST),
        _number(given, "choice_temperature", CHOICE_TEMPERATURE, HOTTEST),
    )
    return Known(**texts, rows=rows), Sampled(*_sampled(given), *turns), stream


def _sampled(given: dict[str, Any]) -> tuple[float, int, float, int]:
    return (
        _number(given, "temperature", TEMPERATURE, HOTTEST),
        _whole(given, "top_k", 0, 0, MOST),
        _number(given, "top_p", 1.0, 1.0),
        _whole(given, "seed", 0, -MOST, MOST),
    )


def opening(given: dict[str, Any]) -> tuple[str, int | None, str | None, bytes]:
    """A model's name, version and label, and a text to read. Raises Refused(INVALID_ARGUMENT)."""
    _known(given, ("model", "version", "label", "text"))
    for name in ("model", "label"):
        if not isinstance(given.get(name, ""), str):
            raise wrong(f"{name}: found {json_tensors.seen(given[name])}, expected a text.")
    if "model" not in given:
        raise wrong("model: is missing, expected the name of a model.")
    if "version" in given and "label" in given:
        raise wrong("version and label: expected only one of them.")
    version = _whole(given, "version", 0, 1, 2**63 - 1) if "version" in given else None
    return given["model"], version, given.get("label"), text(given.get("text", ""))


def reading(given: dict[str, Any]) -> bytes:
    """A text to read. Raises Refused(INVALID_ARGUMENT)."""
    _known(given, ("text",))
    if "text" not in given:
        raise wrong("text: is missing, expected what to read.")
    return text(given["text"])


def text(found: Any) -> bytes:
    """A text, or bytes as {"b64": …}. Raises Refused(INVALID_ARGUMENT)."""
    return _bytes(found, "text")


def _bytes(found: Any, name: str) -> bytes:
    try:
        return json_tensors.as_bytes(found)
    except ValueError as error:
        raise wrong(f"{name}: {error}.") from error


def _known(given: dict[str, Any], names: tuple[str, ...]) -> None:
    if unknown := [name for name in given if name not in names]:
        raise wrong(f"{json_tensors.seen(unknown[0])}: is not known. {suggest(unknown[0], names)}")


def _whole(given: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    found = given.get(name, default)
    if type(found) is not int or not least <= found <= most:
        wanted = f"a whole number from {least} to {most}"
        raise wrong(f"{name}: found {json_tensors.seen(found)}, expected {wanted}.")
    return found


def _number(given: dict[str, Any], name: str, default: float, most: float) -> float:
    found = given.get(name, default)
    if type(found) not in (int, float) or not 0 <= found <= most:
        bounds = f"a number from 0 to {most:g}"
        raise wrong(f"{name}: found {json_tensors.seen(found)}, expected {bounds}.")
    return float(found)
