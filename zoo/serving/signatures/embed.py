"""Texts or pictures as vectors, to be compared."""

from typing import Literal

import tensorflow as tf

from zoo.serving.signatures import Signature
from zoo.serving.signatures._reading import framed, run


class Embed(Signature):
    """text string `b`, or image string `b` -> embedding float32 `b d`: the mean of the hidden
    states of its tokens or places, or that of the `first`, where models were trained to put what
    they know of the whole."""

    tasks = ("masked_lm", "text_classifier", "token_classifier", "span_qa", "image_classifier")
    texts = ("text",)
    images = ("image",)

    def __init__(self, pooling: Literal["mean", "first"] = "mean"):
        self.pooling = pooling

    def answer(self, model, **given):
        (read,) = given.values()

        def pooled(inputs):
            hidden = tf.cast(model.task.backbone.run(inputs)[0], tf.float32)
            if self.pooling == "first":
                return hidden[:, 0]
            there = inputs.get("padding_mask", tf.ones(tf.shape(hidden)[:2], tf.bool))
            weights = tf.cast(there, tf.float32)[..., None]
            return tf.reduce_sum(hidden * weights, 1) / tf.reduce_sum(weights, 1)

        return {"embedding": run(model, pooled, framed(model, read))}
