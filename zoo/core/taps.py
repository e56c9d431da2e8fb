"""Layers of a model heard, or changed, while it is called."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Call = Callable[..., Any]


@contextlib.contextmanager
def calling(layers: Sequence[Any], instead: Callable[[Any, Call], Call]) -> Iterator[None]:
    """Inside, `instead(layer, call)` is what each layer calls, in the place of its own `call`. For
    a model that is called as it is, not compiled."""
    for layer in layers:
        layer.call = instead(layer, layer.call)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


@contextlib.contextmanager
def heard(layers: Sequence[Any]) -> Iterator[dict[int, list[Any]]]:
    """What each layer gives, call by call, by the `id` of the layer."""
    found: dict[int, list[Any]] = {id(layer): [] for layer in layers}

    def instead(layer, call):
        def listening(*arguments, **named):
            out = call(*arguments, **named)
            found[id(layer)].append(out)
            return out

        return listening

    with calling(layers, instead):
        yield found
