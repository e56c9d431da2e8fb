"""Which class every token of a text belongs to."""

import tensorflow as tf

from zoo.serving.signatures import Signature
from zoo.serving.signatures._reading import framed, labels, ranked, scores


class Tag(Signature):
    """text string `b` -> tokens string `b t`, labels string `b t`, probabilities float32 `b t`;
    empty and 0 behind the last token of a text."""

    tasks = ("token_classifier",)
    texts = ("text",)
    first = True

    def answer(self, model, text):
        inputs = framed(model, text)
        found = ranked(scores(model, inputs, axis=1), labels(model))
        pieces = tf.gather(tf.constant(model.tokenizer.pieces()), inputs["token_ids"])
        mask = inputs["padding_mask"]
        return {
            "tokens": tf.where(mask, pieces, ""),
            "labels": tf.where(mask, found["labels"][..., 0], ""),
            "probabilities": tf.where(mask, found["probabilities"][..., 0], 0.0),
        }
