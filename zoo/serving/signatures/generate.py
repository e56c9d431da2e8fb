"""What follows on texts."""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from zoo.serving.signatures import Signature, Texts, _painting
from zoo.serving.signatures._stream import OPTIONS, Sampling, Stream, longest, options


class Generate(Signature):
    """text string `b`, max_new_tokens, temperature, top_k, top_p, seed, each `b` or `1` -> text
    string `b`, log_likelihood float32 `b` in nats. `temperature` 0 is greedy, `top_k` 0 and `top_p`
    1 keep all tokens."""

    tasks = ("causal_lm",)
    pictures = _painting.Generate
    texts = ("text",)

    def example_options(self, model):
        return greedy()

    def takes(self, model):
        return options()

    def answer(self, model, text, max_new_tokens, temperature, top_k, top_p, seed):
        stream = Stream(model)
        counts = text.tokens.row_lengths()
        slots = 1 + longest(counts) + longest(max_new_tokens)
        memory = stream.begin(text.tokens.nrows(tf.int32), slots)
        _, before = stream.read(text.tokens, memory)
        written, _ = stream.write(before, max_new_tokens, Sampling(temperature, top_k, top_p, seed))
        return {
            "text": Texts(written.tokens, continues=counts > 0),
            "log_likelihood": written.log_likelihood,
        }


def greedy(names: Iterable[str] = OPTIONS) -> dict[str, np.ndarray]:
    """A few of the likeliest tokens are asked for: what is drawn differs where sums do."""
    asked = {"max_new_tokens": 3, "temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 0}
    return {name: np.array([asked[name]], OPTIONS[name].as_numpy_dtype) for name in names}
