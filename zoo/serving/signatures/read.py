"""Read on: how likely each text is behind what was read and written before."""

import math

import tensorflow as tf

from zoo.serving.signatures import Signature
from zoo.serving.signatures._stream import Stream


class Read(Signature):
    """text string `b`, `memory_*` -> log_likelihood float32 `b` in nats, num_tokens int32 `b`,
    bits_per_byte float32 `b`, `memory_*`."""

    tasks = ("causal_lm",)
    streams = True
    texts = ("text",)

    def takes(self, model):
        return Stream(model).specs()

    def answer(self, model, text, **memory):
        stream = Stream(model)
        total, after = stream.read(text.tokens, stream.pack(memory))
        return {**scores(total, text), **stream.unpack(after)}


def scores(total, text):
    """Log-likelihoods of texts, float32 `b` -> what is said of them. Bits are those of a byte, so
    that models of different tokens can be compared; texts given as tokens have no bytes."""
    found = {"log_likelihood": total, "num_tokens": tf.cast(text.tokens.row_lengths(), tf.int32)}
    if text.num_bytes is None:
        return found
    size = tf.cast(tf.maximum(text.num_bytes, 1), tf.float32)
    return {**found, "bits_per_byte": (0.0 - total) / math.log(2.0) / size}
