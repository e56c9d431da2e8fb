"""A model with weights of one byte, and what they have cost: that is never silent."""

from typing import Any, NamedTuple

import keras
import numpy as np

from zoo.convert.quantized import floats, quantized
from zoo.core.errors import ZooError
from zoo.serving.rows import examples, trained_length
from zoo.serving.signatures import Served
from zoo.tasks.image_codes import ImageCodes

ROWS = 4
"""So many texts tell how far probabilities are apart."""


class InBytes(NamedTuple):
    """What is served. Without a `mode` its weights are as they were trained."""

    model: Served
    parameters: int
    mode: str | None = None
    apart: float = 0.0
    """How far a probability is off at most, on a few texts."""
    floats: dict[str, int] = {}
    """How many weights stay floats, by kinds of layers."""

    def facts(self, compared: dict[str, Any]) -> dict[str, Any]:
        """What a manifest says of it; `compared`: what was measured with floats and with bytes."""
        if self.mode is None:
            return {}
        said = {"mode": self.mode, "floats": self.floats, "compared": compared}
        return {"quantize": {**said, "largest_difference_of_a_probability": self.apart}}

    def said(self, compared: dict[str, Any]) -> list[str]:
        """What a card says of it, likewise."""
        if self.mode is None:
            return []
        stay = ", ".join(f"{name} {number:,}" for name, number in self.floats.items())
        parts = [
            f"## Weights of one byte (`{self.mode}`)",
            f"Keras has rounded them. Floats stay in: {stay}. On {ROWS} texts a probability is off "
            f"by {self.apart:.2g} at most.",
        ]
        if compared.get("rows"):
            rows = [f"| {name} | {a:.6g} | {b:.6g} |" for name, (a, b) in compared["rows"].items()]
            head = f"| | as trained | {self.mode} |\n| --- | --- | --- |\n"
            parts += [f"Both measured on {compared['on']}:", head + "\n".join(rows)]
        elif compared:
            parts.append(f"Their cost was not measured: {compared['on']}")
        return parts


def weighed(model: Served, mode: str | None) -> InBytes:
    """A model as it is, or for a `mode` a copy of it with weights of one byte. Raises ZooError
    where it has none to round."""
    if mode is None:
        return InBytes(model, model.task.count_params())
    if isinstance(model.task, ImageCodes):
        text = "found image_codes, which tells no probabilities: what it costs could not be said."
        raise ZooError(text, "quantize")
    given = model._replace(task=quantized(model.task, mode))
    lengths = {name: trained_length(model, name) for name in model.task.input}
    rows = examples(model, ROWS, lengths)
    before, after = (_probabilities(one.task.run(rows)[0]) for one in (model, given))
    apart = float(np.abs(before - after).max())
    return InBytes(given, model.task.count_params(), mode, apart, floats(given.task))


def _probabilities(scores: Any) -> np.ndarray:
    return np.array(keras.ops.softmax(keras.ops.cast(scores, "float32")))
