"""What the tokens of a text looked at."""

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
    """

    tasks = ("text_classifier", "token_classifier")
    texts = ("text",)

    def __init__(self, max_tokens: PositiveInt = 512):
        self.max_tokens = max_tokens

    def example(self, text):
        return text[:SHORT]

    def example_options(self):
        return {name: np.array([0], "int32") for name in ("layer", "head")}

    def refuses(self, model):
        size = next(iter(lengths(model)), model.frame().size + 1)
        rows = model.frame()._replace(length=size).rows([np.zeros(1, "int32")])
        try:
            tables(model.task, {name: tf.constant(x) for name, x in rows.items()}, 2)
        except ZooError as wrong:
            return str(wrong)
        return ""

    def takes(self, model):
        return [spec(tf.int32, [None], name) for name in ("layer", "head")]

    def answer(self, model, text, layer, head):
        inputs, most = framed(model, text), self.max_tokens
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


def _chosen(found: list[Table], layer: tf.Tensor, head: tf.Tensor) -> tuple[Any, Any]:
    """Tables of all layers; for each text a layer and a head, int32 `b` -> weights float32 and what
    was seen bool, `b q k`."""
    inside = (layer >= 0) & (layer < len(found))
    message = f"layer: expected 0 to {len(found) - 1}."
    layer = checked(layer, tf.reduce_all(inside), message)
    heads = tf.gather([one.weights.shape[1] for one in found], layer)
    message = "head: expected -1, for the mean, or one that the layer has, counted from 0."
    head = checked(head, tf.reduce_all((head >= -1) & (head < heads)), message)
    weights, seen = 0.0, False
    for number, one in enumerate(found):
        here = (layer == number)[:, None, None]
        alone = tf.clip_by_value(head, 0, one.weights.shape[1] - 1)
        each, visible = one.weights, tf.logical_not(one.hidden)
        mean = (head < 0)[:, None, None]
        own = [tf.gather(x, alone, axis=1, batch_dims=1) for x in (each, visible)]
        given = tf.where(mean, tf.reduce_mean(each, 1), own[0])
        weights = tf.where(here, given, weights)
        seen = tf.where(here, tf.where(mean, tf.reduce_any(visible, 1), own[1]), seen)
    return weights, seen


def _names(model: Served) -> tf.Tensor:
    """What each token is called, string `v`."""
    names = [*model.tokenizer.pieces()]
    for name in NAMED:
        token = getattr(model.tokenizer, f"{name}_token_id")
        if token is not None and not names[token]:
            names[token] = f"[{name}]".encode()
    return tf.constant(names)
