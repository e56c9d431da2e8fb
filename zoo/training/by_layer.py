"""Smaller steps for the layers nearer to the input: what they learned before is general, and is to
be kept (Howard and Ruder 2018, section 3.2; Bao et al. 2022, appendix H)."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import keras

from zoo.core.errors import ZooError
from zoo.core.kinds import to_config


def scales(task: Any, layer_decay: float) -> dict[str, float]:
    """By the paths of the weights of a task, by how much their learning rates are multiplied: 1
    behind the last block, `layer_decay` in it, its square in the one before, and so on down to the
    embeddings before the first. Raises ZooError for a backbone without such layers."""
    backbone = task.backbone
    if not hasattr(backbone, "encoder") and not hasattr(backbone, "transformer_layers"):
        kind = to_config(backbone)["kind"]
        raise ZooError(f"training.layer_decay: {kind} is no stack of layers to be told apart.")
    sides = [getattr(backbone, name, None) for name in ("encoder", "decoder")]
    found = {}
    for side in sides if all(sides) else [backbone]:
        layers = [*getattr(side, "image_layers", ()), *side.transformer_layers]
        behind = [getattr(side, "output_norm", None) or None]
        found |= dict.fromkeys((v.path for v in side.trainable_variables), -len(layers) - 1)
        for depth, layer in reversed([*enumerate(layers, -len(layers)), (0, *behind)]):
            found |= {v.path: depth for v in (layer.trainable_variables if layer else ())}
    return {v.path: layer_decay ** -found.get(v.path, 0) for v in task.trainable_variables}


def by_layer(optimizer: keras.optimizers.Optimizer, factors: Sequence[float]) -> Any:
    """The same optimizer, whose steps and whose decay of weights are as much smaller for each of
    the variables that it is built for."""
    kind = type(optimizer)
    optimizer.__class__ = type(kind.__name__, (_ByLayer, kind), {"factors": tuple(factors)})
    return optimizer


class _ByLayer:
    """Stands before a kind of optimizer. Its variables keep their places while it is used."""

    factors: Sequence[float]

    def _factor(self: Any, variable: Any) -> float:
        return self.factors[self._get_variable_index(variable)]

    def update_step(self: Any, gradient, variable, learning_rate):
        small = learning_rate * self._factor(variable)
        return super().update_step(gradient, variable, small)  # pyright: ignore

    def _apply_weight_decay(self: Any, variables):
        whole = self.weight_decay
        if whole is None:
            return
        for factor, some in groupby(sorted(variables, key=self._factor), key=self._factor):
            self.weight_decay = whole * factor
            super()._apply_weight_decay(list(some))  # pyright: ignore
        self.weight_decay = whole
