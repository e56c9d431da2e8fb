"""Go on by some tokens: streaming, endless for models that remember a fixed number of tokens."""

import tensorflow as tf

from zoo.serving.signatures import Signature, known, spec
from zoo.serving.signatures._stream import Stream


class Step(Signature):
    """token_ids int32 `b t`, `memory_*` -> logits float32 `b t v`, `memory_*`."""

    tasks = ("causal_lm",)
    streams = True
    numbers = True

    def takes(self, model):
        return [spec(tf.int32, [None, None], "token_ids"), *Stream(model).specs()]

    def answer(self, model, token_ids, **memory):
        stream = Stream(model)
        logits, after = stream.step(known(token_ids, model), stream.pack(memory))
        return {"logits": logits, **stream.unpack(after)}
