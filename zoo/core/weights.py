"""The weights of a model, each by a name of its own."""

from typing import Any


def by_path(model: Any) -> dict[str, Any]:
    """The weights of a model by their paths, in order. Keras gives an encoder's and a decoder's the
    same paths: the later of two is numbered."""
    found: dict[str, Any] = {}
    for weight in model.weights:
        path, times = weight.path, 1
        while path in found:
            times += 1
            path = f"{weight.path} ({times})"
        found[path] = weight
    return found
