"""The token ids of texts, as every other signature reads them."""

import tensorflow as tf

from zoo.serving.signatures import Signature


class Tokenize(Signature):
    """text string `b`, or midi string `b` -> token_ids int32 `b t`, end tokens behind those of a
    text, and how many it has, num_tokens int32 `b`."""

    tasks = (
        *("causal_lm", "masked_lm", "seq2seq_lm", "mask_predict_lm"),
        *("text_classifier", "token_classifier", "span_qa"),
    )
    texts = ("text",)
    music = ("midi",)
    by_ids = False

    def answer(self, model, **given):
        (text,) = given.values()
        return {
            "token_ids": text.tokens.to_tensor(model.tokenizer.end_token_id),
            "num_tokens": tf.cast(text.tokens.row_lengths(), tf.int32),
        }
