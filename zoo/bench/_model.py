"""A layer or a backbone as a Keras model whose answer is one number: so that a forward pass, and a
forward and a backward pass, are what Keras itself runs, compiled or not, on either backend."""

import importlib
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.attention import Attention
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.recipe import build as recipes
from zoo.recipe.layers import attentions
from zoo.recipe.load import Resolved

DEGREE = 4
"""So many edges a node has in the mean."""


class Measured(keras.Model):
    """The mean square of what `part` answers. A vector added to its input makes the gradient go
    all the way through a layer, as it would inside a model."""

    def __init__(self, part: Any, hidden_dim: int | None):
        super().__init__()
        self.part, self.hidden_dim = part, hidden_dim
        if hidden_dim:
            self.shift = self.add_weight((hidden_dim,), "zeros", name="shift")
            part.build((None, None, hidden_dim))
        self.built = True

    def call(self, given):
        if self.hidden_dim is None:
            answer, _ = self.part.run(given)
        else:
            marks = {name: mark for name, mark in given.items() if name != "hidden"}
            more = {"marks": marks} if marks else {}
            answer, _ = self.part(given["hidden"] + self.shift, **more)
        return ops.mean(ops.square(ops.cast(answer, "float32")))[None]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return y_pred[0]


def build(request: dict[str, Any]) -> Measured:
    """The part of a request, ready to run. Its weights are new; a step leaves them as they are."""
    part = request["part"]
    if "recipe" in part:
        task = recipes.task(Resolved("recipe", part["recipe"], {}), compile=False)
        model = Measured(task.backbone, None)
        _refuse_too_long(task.backbone, request["length"])
    else:
        layer = make(Attention, part["layer"], name="attention", dtype=request["precision"])
        model = Measured(layer, part["hidden_dim"])
    model.compile(optimizer=keras.optimizers.SGD(0.0), jit_compile=request["jit"])
    return model


def warm(request: dict[str, Any]) -> None:
    """Import all that is needed, and compile and run something small: so that what is taken once is
    not counted later."""
    if "recipe" in request["part"]:
        importlib.import_module("zoo.tasks")
    model, given = keras.Sequential([keras.layers.Dense(8)]), ops.ones((8, 8))
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse", jit_compile=request["jit"])
    model.predict_on_batch(given)
    model.train_on_batch(given, given)


def _refuse_too_long(backbone: Any, length: int) -> None:
    most = backbone.max_sequence_length
    if most and length > most:
        raise ZooError(f"it has {most:,} positions, found {length:,} tokens")


def inputs(part: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Random hidden states, or token ids, and marks of which every token has the same; of graphs
    some edges a node, from anywhere."""
    shape, draw = (request["batch_size"], request["length"]), np.random.default_rng(0)
    marks = {name for layer in attentions(part) for name in layer.marks}
    given = {name: ops.zeros(shape, "int32") for name in sorted(marks - {"edges"})}
    if "edges" in marks:
        ends = draw.integers(0, shape[1], (shape[0], DEGREE * shape[1], 3))
        given["edges"] = ops.convert_to_tensor((ends * [1, 1, 0]).astype("int32"))
    if "recipe" in request["part"]:
        ids = draw.integers(0, part.vocabulary_size, shape)
        return {"token_ids": ops.convert_to_tensor(ids.astype("int32")), **given}
    hidden = draw.standard_normal((*shape, request["part"]["hidden_dim"]), dtype="float32")
    return {"hidden": ops.convert_to_tensor(hidden), **given}
