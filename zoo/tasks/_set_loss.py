"""How well a set of objects was predicted, in whatever order (Carion et al. 2020, section 3.1)."""

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.core.assignment import assign
from zoo.core.boxes import overlap
from zoo.core.errors import ZooError
from zoo.tasks import Measured


class Objects(NamedTuple):
    """What queries answer, layer by layer."""

    logits: Any
    """float32 `l b q c`, scores of the classes; the last of them is that there is no object."""
    boxes: Any
    """float32 `l b q 4`, centre, width and height, 0 to 1."""


class Costs(NamedTuple):
    """What it costs to take an object for what a query answers: float32 `l b n q` each."""

    score: Any
    """Minus the probability of its class."""
    distance: Any
    """Between the numbers of the boxes, added up."""
    apart: Any
    """1 less the generalised overlap of the boxes."""


class SetLoss(NamedTuple):
    """Every object is taken for the answer of one query of a layer, so that all together cost the
    least. Of these answers the class and the box are to be right; all others are to be that there
    is nothing, which counts `no_object_weight`."""

    class_weight: float
    distance_weight: float
    overlap_weight: float
    no_object_weight: float

    def __call__(self, found: Objects, targets: Any, weights: Any) -> Measured:
        """Targets float32 `b n 5`: a class, -1 where there is no object, and a box; weights float32
        `b 1`, 1 for a picture and 0 for padding. The loss is a sum over the layers, the others are
        of the last. Raises ZooError for more objects than queries."""
        if targets.shape[1] > found.logits.shape[2]:
            text = f"{targets.shape[1]} objects a picture, but {found.logits.shape[2]} queries."
            raise ZooError(f"found {text}")
        classes, counts = ops.cast(targets[..., 0], "int32"), ops.cast(weights[:, :1], "float32")
        there = (classes >= 0) & (counts > 0)
        costs = _costs(found, ops.maximum(classes, 0), ops.cast(targets[..., 1:], "float32"))
        matched = self.match(costs, there)
        number = ops.maximum(ops.sum(ops.cast(there, "float32")), 1.0)
        named = self.named(found.logits, matched, classes, counts)
        weighed = zip((self.distance_weight, self.overlap_weight), costs[1:])
        boxed = sum(
            weight * ops.sum(cost * matched, axis=(1, 2, 3)) / number for weight, cost in weighed
        )
        each = self.class_weight * named + boxed
        return Measured(ops.sum(each), each[-1], _hits(found.logits[-1], matched[-1], classes))

    def match(self, costs: Costs, there: Any) -> Any:
        """Which objects, bool `b n` of them are there, are taken for which answers: float32
        `l b n q`, 0 or 1."""
        weights = self.class_weight, self.distance_weight, self.overlap_weight
        cost = sum(weight * one for weight, one in zip(weights, costs))
        layers, _, number, queries = cost.shape
        every = ops.tile(there, (layers, 1))
        chosen = assign(ops.reshape(cost, (-1, number, queries)), every)
        matched = ops.one_hot(chosen, queries) * ops.cast(every, "float32")[..., None]
        return ops.stop_gradient(ops.reshape(matched, ops.shape(cost)))

    def named(self, logits: Any, matched: Any, classes: Any, counts: Any) -> Any:
        """The mean loss of the classes of all answers of a layer, in nats, `l`."""
        last, there = logits.shape[-1] - 1, ops.sum(matched, axis=2)
        wanted = ops.einsum("lbnq,bn->lbq", matched, ops.cast(classes, "float32"))
        wanted = ops.cast(ops.round(wanted + (1 - there) * last), "int32")
        nats = keras.losses.sparse_categorical_crossentropy(wanted, logits, from_logits=True)
        weight = (there + (1 - there) * self.no_object_weight) * counts
        return ops.sum(nats * weight, axis=(1, 2)) / ops.maximum(ops.sum(weight, axis=(1, 2)), 1e-9)


def _costs(found: Objects, classes: Any, boxes: Any) -> Costs:
    """Of answers and objects, classes int `b n` and boxes `b n 4`."""
    likely = ops.softmax(found.logits, axis=-1)
    of_class = ops.one_hot(classes, likely.shape[-1])
    answered, there = found.boxes[:, :, None], boxes[:, :, None]
    return Costs(
        -ops.einsum("lbqc,bnc->lbnq", likely, of_class),
        ops.sum(ops.abs(answered - there), axis=-1),
        1 - overlap(answered, there)[1],
    )


def _hits(logits: Any, matched: Any, classes: Any) -> Any:
    """The share of objects of which the answer names the class: `b q c`, `b n q`, `b n`."""
    said = ops.einsum("bnq,bq->bn", matched, ops.cast(ops.argmax(logits, axis=-1), "float32"))
    there = ops.sum(matched, axis=-1)
    right = ops.cast(ops.round(said) == ops.cast(classes, "float32"), "float32") * there
    return ops.sum(right) / ops.maximum(ops.sum(there), 1.0)
