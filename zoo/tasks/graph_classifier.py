"""Say which class a graph belongs to."""

from typing import Any, Literal

import numpy as np
from keras import ops

from zoo.core.types import PositiveInt
from zoo.tasks import KERAS_HUB_TASK
from zoo.tasks._classifying import Classifying
from zoo.tasks._head import Head
from zoo.tasks._labels import named

UNTOLD = 2**31 - 1
"""The label of edges that no attention has a vector for."""


class GraphClassifier(Classifying, Head, KERAS_HUB_TASK):
    """`readout` makes one vector of a graph: the mean of its nodes, or that of a node more, which
    holds no words, and to and from which edges without a label lead from and to every other
    (Gilmer et al. 2017, section 5.2). `labels` are the names of the classes, where they are known.
    Raises ZooError for more or fewer names than classes.

    Call with `{"token_ids": int32 b t w, "padding_mask": bool b t, "edges": int32 b x 3}` ->
    float32 logits `b c`.
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        readout: Literal["mean", "virtual_node"] = "mean",
        labels: list[str] | None = None,
        **kwargs,
    ):
        self.labels = named(labels, num_classes)
        self.num_classes, self.readout = num_classes, readout
        super().__init__(**kwargs)

    def make_head(self):
        self.output_dense = self.dense(self.num_classes, "logits")

    def encode(self, inputs, state=()):
        """The scores of each graph, float32 `b c`."""
        inputs = with_mask(inputs)
        if self.readout == "virtual_node":
            inputs = with_virtual_node(inputs)
        hidden, state = super().encode(inputs, state)
        if self.readout == "virtual_node":
            found = hidden[:, 0]
        else:
            there = ops.cast(inputs["padding_mask"], hidden.dtype)[..., None]
            found = ops.sum(hidden * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1)
        return ops.cast(self.output_dense(self.drop(found)), "float32"), state


def with_mask(inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs of graphs, in which all nodes are there if nothing else is said."""
    if inputs.get("padding_mask") is not None:
        return inputs
    there = ops.ones_like(inputs["token_ids"][..., 0], "bool")
    return {**inputs, "padding_mask": there}


def with_virtual_node(inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs of the same graphs with a node in front of the others."""
    words, mask, edges = (inputs[name] for name in ("token_ids", "padding_mask", "edges"))
    ones = ops.ones_like(mask, "int32")
    node = ops.where(mask, ops.cumsum(ones, axis=1), -1)
    label, virtual = ones * UNTOLD, ops.zeros_like(ones)
    to_it, from_it = (
        ops.stack([*ends, label], axis=-1) for ends in ((node, virtual), (virtual, node))
    )
    moved = ops.where(edges < 0, edges, edges + np.array([1, 1, 0], "int32"))
    return {
        **inputs,
        "token_ids": ops.concatenate([ops.full_like(words[:, :1], -1), words], axis=1),
        "padding_mask": ops.concatenate([ops.ones_like(mask[:, :1]), mask], axis=1),
        "edges": ops.concatenate([moved, to_it, from_it], axis=1),
    }
