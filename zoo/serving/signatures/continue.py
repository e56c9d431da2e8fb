"""How pieces of music go on."""
# ruff: noqa: N999 (a kind is a file, and no other imports it)

import tensorflow as tf

from zoo.serving.signatures import Signature, Texts
from zoo.serving.signatures._stream import Sampling, Stream, longest, options
from zoo.serving.signatures.generate import greedy


class Continue(Signature):
    """midi string `b`, files of MIDI, or nothing to begin with nothing, max_new_tokens,
    temperature, top_k, top_p, seed, each `b` or `1` -> midi_bytes string `b`, the same pieces and
    what follows on them, primer_seconds float32 `b`, how long they were, num_new_tokens int32 `b`,
    log_likelihood float32 `b` of what is new, in nats. `temperature` 0 is greedy, `top_k` 0
    and `top_p` 1 keep all tokens."""

    tasks = ("causal_lm",)
    music = ("midi",)
    first = True

    def example_options(self, model):
        return greedy()

    def takes(self, model):
        return options()

    def answer(self, model, midi, max_new_tokens, temperature, top_k, top_p, seed):
        stream = Stream(model)
        before = midi.tokens
        slots = 1 + longest(before.row_lengths()) + longest(max_new_tokens)
        memory = stream.begin(before.nrows(tf.int32), slots)
        _, memory = stream.read(before, memory)
        written, _ = stream.write(memory, max_new_tokens, Sampling(temperature, top_k, top_p, seed))
        return {
            "midi_bytes": Texts(tf.concat([before, written.tokens], axis=1)),
            "primer_seconds": model.tokenizer.seconds(before.to_tensor(stream.end)),
            "num_new_tokens": tf.cast(written.tokens.row_lengths(), tf.int32),
            "log_likelihood": written.log_likelihood,
        }
