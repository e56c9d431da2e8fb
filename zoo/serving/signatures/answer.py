"""The part of a text that answers a question (Devlin et al. 2019, section 4.2)."""

import tensorflow as tf

from zoo.core.types import PositiveInt
from zoo.serving.signatures import Signature, Texts
from zoo.serving.signatures._reading import scores, within

NEVER = -1e9
"""The score of a place outside the context."""


class Answer(Signature):
    """question string `b`, context string `b` -> text string `b`, start and end int32 `b`, the
    places of its first and its last token among those of the context, and its probability float32
    `b`. Answers of up to `max_tokens` are weighed."""

    tasks = ("span_qa",)
    texts = ("question", "context")
    first = True

    def __init__(self, max_tokens: PositiveInt = 30):
        self.max_tokens = max_tokens

    def answer(self, model, question, context):
        frame = model.frame()
        asked = frame.in_graph(question.tokens)
        asked = tf.RaggedTensor.from_tensor(
            asked["token_ids"], lengths=tf.math.count_nonzero(asked["padding_mask"], axis=1)
        )
        ends = tf.fill([context.tokens.nrows(), 1], frame.end)
        rows = tf.concat([asked, context.tokens, ends], axis=1)
        before, number = asked.row_lengths(), context.tokens.row_lengths()
        token_ids = rows.to_tensor(frame.pad)
        places = tf.range(tf.shape(token_ids)[1], dtype=tf.int64)[None]
        inputs = {"token_ids": token_ids, "padding_mask": places < rows.row_lengths()[:, None]}
        if "segment_ids" in model.task.input:
            inputs["segment_ids"] = tf.cast(places >= before[:, None], tf.int32)
        likely = scores(model, within(model, inputs), axis=2)
        start, end, probability = self._likeliest(likely, before, before + number)
        spans = tf.ragged.range(start, end + 1)
        found = tf.gather(context.tokens.to_tensor(0), spans, batch_dims=1)
        text = Texts(found, continues=start > 0)
        return {"text": text, "start": start, "end": end, "probability": probability}

    def _likeliest(self, scores, first, stop):
        """Scores float32 `b 2 t` and where the context begins and stops, int64 `b` -> start and end
        within it, int32 `b`, and the probability of both, float32 `b`."""
        places = tf.range(tf.shape(scores)[2], dtype=tf.int64)
        inside = (places >= first[:, None]) & (places < stop[:, None])
        logs = tf.nn.log_softmax(tf.where(inside[:, None], scores, NEVER))
        behind = tf.pad(logs[:, 1], [[0, 0], [0, self.max_tokens - 1]], constant_values=NEVER)
        both = logs[:, 0, :, None] + tf.signal.frame(behind, self.max_tokens, 1)
        best = tf.argmax(tf.reshape(both, [tf.shape(both)[0], -1]), axis=1, output_type=tf.int32)
        start = best // self.max_tokens - tf.cast(first, tf.int32)
        probability = tf.exp(tf.reduce_max(both, axis=[1, 2]))
        return start, start + best % self.max_tokens, probability
