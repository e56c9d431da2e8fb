"""What the tokens of a text, or the places of a picture, looked at."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.core.checked import checked
from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt
from zoo.insight.stacks import looking
from zoo.insight.weights import Table, tables
from zoo.serving.signatures import Served, Signature, spec
from zoo.serving.signatures._reading import framed, lengths, run

SHORT = 48
"""Characters of an example: a map grows with the square of them."""
NAMED = ("start", "end", "pad", "mask", "unknown")
"""Tokens that are no text are called `[start]` and so on."""


class Attend(Signature):
    """text string `b`, layer and head int32, each `b` or `1`, counted from 0, head -1 for the mean
    of all heads -> tokens string `b t`, those that are no text as `[start]`; weights float32
    `b t t`, what each token gave to each; seen bool `b t t`, what it could look at: the pattern,
    the padding or the choice of the layer hides the rest; num_heads int32 `b l`, of every layer.
    Empty, 0 and false behind the last token of a text.

    The weights are those by which the model answers the whole text, so a long one is refused, not
    cut: an error for more than `max_tokens` tokens, and for texts whose rows, as long as the model
    reads them, have more than `max_tokens` × `max_tokens` weights together.

    Of pictures, image string `b`, and one layer for all: weights and seen `b q k`, of the tokens
    that are no places first, then of the `height` × `width` places that the layer looks around in,
    int32 `b`, row after row; and num_heads.
    """

    tasks = ("text_classifier", "token_classifier", "image_classifier")
    texts = ("text",)
    images = ("image",)

    def __init__(self, max_tokens: PositiveInt = 512):
        self.max_tokens = max_tokens

    def example(self, text):
        return text[:SHORT]

    def example_options(self, model):
        return {name: np.array([0], "int32") for name in ("layer", "head")}

    def refuses(self, model):
        try:
            tables(model.task, _any(model), None if model.picture else 2)
        except ZooError as wrong:
            return str(wrong)
        places = [math.prod(one.grid) for one in looking(model.task.backbone) if one.grid]
        most = max(places, default=0)
        return f"{most:,} places are too many" if most > self.max_tokens else ""

    def takes(self, model):
        return [spec(tf.int32, [None], name) for name in ("layer", "head")]

    def answer(self, model, layer, head, **given):
        (read,) = given.values()
        ask = self._of_places if model.picture else self._of_tokens
        return ask(model, framed(model, read), layer, head)

    def _of_places(self, model, inputs, layer, head):
        found = list(tables(model.task, inputs).values())
        number = tf.shape(inputs["images"])[0]
        layer = _inside(tf.broadcast_to(layer, [number]), found)
        one = tf.concat([layer, [0]], 0)[0]
        same = tf.reduce_all(layer == one)
        one = checked(one, same, "layer: expected the same for all pictures of a request.")
        heads = tf.broadcast_to(head, [number])
        weights, seen = tf.switch_case(
            one, [lambda table=table: _of_head(table, heads) for table in found]
        )
        layers = list(looking(model.task.backbone))
        height, width = tf.unstack(tf.gather([one.grid for one in layers], layer), axis=1)
        numbers = [[each.layer.num_heads for each in layers]]
        return {
            "weights": weights,
            "seen": seen,
            "height": height,
            "width": width,
            "num_heads": tf.tile(numbers, [number, 1]),
        }

    def _of_tokens(self, model, inputs, layer, head):
        most = self.max_tokens
        size = tf.shape(inputs["token_ids"])[1]
        message = f"text: too long, what its tokens looked at is told of up to {most}."
        inputs["token_ids"] = checked(inputs["token_ids"], size <= most, message)
        wanted = [tf.broadcast_to(x, [tf.shape(inputs["token_ids"])[0]]) for x in (layer, head)]

        def map_of(rows):
            found = tables(model.task, self._few(rows), most)
            return tuple(x[:, :size, :size] for x in _chosen(list(found.values()), *wanted))

        weights, seen = run(model, map_of, inputs)
        there = inputs["padding_mask"]
        both = there[:, :, None] & there[:, None]
        heads = [one.layer.num_heads for one in looking(model.task.backbone)]
        return {
            "tokens": tf.where(there, tf.gather(_names(model), inputs["token_ids"]), ""),
            "weights": tf.where(both, weights, 0.0),
            "seen": both & seen,
            "num_heads": tf.tile([heads], [tf.shape(there)[0], 1]),
        }

    def _few(self, rows):
        """The same rows, or an error where their maps would be too large together."""
        number, size = tf.unstack(tf.shape(rows["token_ids"]))
        weights = number * tf.minimum(size, self.max_tokens) ** 2
        message = "text: found too many texts to tell what their tokens looked at: ask for fewer."
        fits = weights <= self.max_tokens**2
        return {**rows, "token_ids": checked(rows["token_ids"], fits, message)}


def _any(model: Served) -> dict[str, tf.Tensor]:
    """Something to look at."""
    if model.picture:
        return {"images": tf.zeros([1, *model.picture])}
    size = next(iter(lengths(model)), model.frame().size + 1)
    rows = model.frame()._replace(length=size).rows([np.zeros(1, "int32")])
    return {name: tf.constant(x) for name, x in rows.items()}


def _inside(layer: tf.Tensor, found: list[Table]) -> tf.Tensor:
    """The same numbers of layers, or an error for one that is not there."""
    inside = (layer >= 0) & (layer < len(found))
    return checked(layer, tf.reduce_all(inside), f"layer: expected 0 to {len(found) - 1}.")


def _chosen(found: list[Table], layer: tf.Tensor, head: tf.Tensor) -> tuple[Any, Any]:
    """Tables of all layers; for each text a layer and a head, int32 `b` -> weights float32 and what
    was seen bool, `b q k`."""
    layer = _inside(layer, found)
    weights, seen = 0.0, False
    for number, one in enumerate(found):
        here = layer == number
        own = _of_head(one, head, here)
        weights, seen = (
            tf.where(here[:, None, None], new, old) for new, old in zip(own, (weights, seen))
        )
    return weights, seen


def _of_head(table: Table, head: tf.Tensor, asked: Any = True) -> tuple[Any, Any]:
    """What the heads of each row, int32 `b`, gave, float32, and could see, bool, `b q k`: -1 for
    the mean. An error for heads that are not there, in the rows where they are asked for."""
    number = table.weights.shape[1]
    message = "head: expected -1, for the mean, or one that the layer has, counted from 0."
    there = (head >= -1) & (head < number) | tf.logical_not(asked)
    head = checked(head, tf.reduce_all(there), message)
    alone, mean = tf.clip_by_value(head, 0, number - 1), (head < 0)[:, None, None]
    each, visible = table.weights, tf.logical_not(table.hidden)
    own = [tf.gather(x, alone, axis=1, batch_dims=1) for x in (each, visible)]
    weights = tf.where(mean, tf.reduce_mean(each, 1), own[0])
    return weights, tf.where(mean, tf.reduce_any(visible, 1), own[1])


def _names(model: Served) -> tf.Tensor:
    """What each token is called, string `v`."""
    names = [*model.tokenizer.pieces()]
    for name in NAMED:
        token = getattr(model.tokenizer, f"{name}_token_id")
        if token is not None and not names[token]:
            names[token] = f"[{name}]".encode()
    return tf.constant(names)
