"""How likely texts are."""

import tensorflow as tf

from zoo.serving.signatures import Signature, _painting
from zoo.serving.signatures._stream import Stream, longest
from zoo.serving.signatures.read import scores


class Score(Signature):
    """text string `b` -> log_likelihood float32 `b` in nats, num_tokens int32 `b`, bits_per_byte
    float32 `b`. Of music, midi string `b`, without bits_per_byte."""

    tasks = ("causal_lm",)
    pictures = _painting.Score
    texts = ("text",)
    music = ("midi",)
    first = True

    def answer(self, model, **given):
        (text,) = given.values()
        stream = Stream(model)
        memory = stream.begin(text.tokens.nrows(tf.int32), 1 + longest(text.tokens.row_lengths()))
        return scores(stream.read(text.tokens, memory)[0], text)
