"""The model itself: numbers in, numbers out, for formats that hold no texts."""

import tensorflow as tf

from zoo.serving.rows import trained_length
from zoo.serving.signatures import Signature, spec


class Logits(Signature):
    """token_ids int32 `b t`, padding_mask bool `b t`, and whatever else the model reads; or images
    float32 `b y x c`, 0 to 255 -> logits float32, the scores that its task gives: `b t v`, or `b c`
    of classes."""

    tasks = (
        *("causal_lm", "masked_lm", "seq2seq_lm", "mask_predict_lm"),
        *("text_classifier", "token_classifier", "span_qa", "image_classifier"),
    )
    by_default = False
    numbers = True

    def takes(self, model):
        return [spec(x.dtype, [None, *x.shape[1:]], name) for name, x in model.task.input.items()]

    def answer(self, model, **given):
        return {"logits": tf.cast(model.task.run(given)[0], tf.float32)}

    def length(self, model, name):
        return trained_length(model, name)
