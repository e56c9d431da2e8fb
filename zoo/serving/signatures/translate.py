"""A text in another language, or whatever a model has learned to write of what it reads."""

from typing import ClassVar

import tensorflow as tf

from zoo.core.kinds import make
from zoo.generation.search import Search
from zoo.serving.signatures import Served, Signature, Tensors, Texts
from zoo.serving.signatures._reading import framed, run


class Translate(Signature):
    """text string `b` -> text string `b`, score float32 `b`, as `search` finds and scores it."""

    tasks = ("seq2seq_lm", "mask_predict_lm")
    texts = ("text",)
    first = True
    by_default = False
    source: ClassVar[str] = "encoder_token_ids"
    """What the models read that answer it."""

    def __init__(self, search: Search):
        self.search = make(Search, search)

    def fits(self, model):
        return super().fits(model) and self.source in model.task.input

    def takes(self, model):
        self.search.require(model.task)
        return []

    def answer(self, model, text):
        def find(inputs):
            source = {f"encoder_{name}": x for name, x in inputs.items()}
            return self.search.find(model.task, model.tokenizer, source)

        return self.said(model, *run(model, find, framed(model, text)))

    def said(self, model: Served, token_ids: tf.Tensor, scores: tf.Tensor) -> Tensors:
        """What a search has found."""
        end = model.tokenizer.end_token_id
        number = tf.reduce_sum(tf.cast(token_ids != end, tf.int32), axis=1)
        found = tf.RaggedTensor.from_tensor(token_ids, lengths=number)
        return {"text": Texts(found), "score": scores}
