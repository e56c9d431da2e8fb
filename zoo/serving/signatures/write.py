"""Write on: what follows on what was read and written before."""

import tensorflow as tf

from zoo.serving.signatures import Signature, Texts, _painting, spec
from zoo.serving.signatures._stream import Sampling, Stream, options


class Write(Signature):
    """max_new_tokens, temperature, top_k, top_p, seed, first, each `b` or `1`, `memory_*` -> text
    string `b`, num_tokens int32 `b`, log_likelihood float32 `b` in nats, finished bool `b`,
    `memory_*`.

    An answer may be written in parts: `first` is how many of its tokens were written before, and
    the parts are those of an answer that is written at once.
    """

    tasks = ("causal_lm",)
    pictures = _painting.Write
    streams = True

    def unasked(self, model):
        return "found a model of music, of which no part is a file" if model.music else ""

    def takes(self, model):
        return [*options(), spec(tf.int32, [None], "first"), *Stream(model).specs()]

    def answer(self, model, max_new_tokens, temperature, top_k, top_p, seed, first, **memory):
        stream = Stream(model)
        before = stream.pack(memory)
        sampling = Sampling(temperature, top_k, top_p, seed)
        written, after = stream.write(before, max_new_tokens, sampling, first)
        return {
            "text": Texts(written.tokens, continues=stream.begun(before)),
            "num_tokens": tf.cast(written.tokens.row_lengths(), tf.int32),
            "log_likelihood": written.log_likelihood,
            "finished": written.finished,
            **stream.unpack(after),
        }
