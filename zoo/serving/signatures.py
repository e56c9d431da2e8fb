"""The signatures of a served language model: named tensors in, a flat dict out, batch size free.

    score     text -> log_likelihood, num_tokens, bits_per_byte
    generate  text and options, a value for each text or one for all -> text, log_likelihood
    start     batch_size -> the memory before the first token
    step      token_ids and memory -> logits and memory: streaming, endless for recurrent models

Plain TensorFlow graphs without XLA, as stock TensorFlow Serving wants them.
"""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import tree

from zoo.generation.sampling import choose
from zoo.tokenizers import Tokenizer

SEGMENT = 128
"""Tokens a recurrent model with a short memory reads at once."""

Tensors = dict[str, tf.Tensor]
Signature = tuple[Callable[..., Tensors], list[tf.TensorSpec]]


class CausalLMSignatures:
    """The signatures of a causal_lm task with its tokenizer."""

    def __init__(self, task: Any, tokenizer: Tokenizer):
        self.task, self.tokenizer, self.end = task, tokenizer, tokenizer.end_token_id
        self.limit, memory = task.backbone.max_sequence_length, task.backbone.memory_length
        self.segment = None if memory is None else max(memory, SEGMENT)
        self.like = task.initial_state(1, self.limit or SEGMENT)
        layers = [(n, layer) for n, layer in enumerate(self.like) if layer]
        self.leaves = [f"memory_{n}_{name}" for n, layer in layers for name in layer._fields]

    def get(self, name: str) -> Signature:
        """The function of a signature, and the tensors it takes."""
        text, ints, floats = (_spec(t, [None]) for t in (tf.string, tf.int32, tf.float32))
        return {
            "score": (self.score, [text("text")]),
            "generate": (
                self.generate,
                [
                    text("text"),
                    ints("max_new_tokens"),
                    floats("temperature"),
                    ints("top_k"),
                    floats("top_p"),
                    ints("seed"),
                ],
            ),
            "start": (self.start, [_spec(tf.int32, [])("batch_size")]),
            "step": (self.step, [_spec(tf.int32, [None, None])("token_ids"), *self._memory()]),
        }[name]

    def _memory(self) -> list[tf.TensorSpec]:
        leaves = zip(self.leaves, tree.flatten(self.like))
        return [tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype, name) for name, leaf in leaves]

    def score(self, text: tf.Tensor) -> Tensors:
        """string `b` -> float32 `b` log-likelihood in nats, int32 `b`, float32 `b`."""
        ragged = self.tokenizer.tokenize(text)
        targets, counts = ragged.to_tensor(self.end), tf.cast(ragged.row_lengths(), tf.int32)
        batch, length = tf.unstack(tf.shape(targets))
        inputs = tf.concat([tf.fill([batch, 1], self.end), targets], axis=1)[:, :length]
        inputs = self._within_positions(inputs, 0)

        def add(total, logits, mask, first):
            wanted = tf.pad(targets, [[0, 0], [0, tf.shape(mask)[1]]])
            wanted = wanted[:, first : first + tf.shape(mask)[1]]
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, logits)
            return total - tf.reduce_sum(tf.where(mask, nats, 0.0), axis=1)

        state = self.task.initial_state(batch, 0)
        total, _ = self._read(inputs, counts, state, tf.zeros([batch]), add)
        size = tf.cast(tf.maximum(tf.strings.length(text), 1), tf.float32)
        bits = -total / math.log(2.0) / size
        return {"log_likelihood": total, "num_tokens": counts, "bits_per_byte": bits}

    def generate(self, text, max_new_tokens, temperature, top_k, top_p, seed) -> Tensors:
        """string `b` and options `b` or `1` -> the text that follows, string `b`, and its
        log-likelihood in nats, float32 `b`."""
        batch = tf.shape(text)[0]
        options = [tf.broadcast_to(o, [batch]) for o in (temperature, top_k, top_p)]
        most, seed = (tf.broadcast_to(o, [batch]) for o in (max_new_tokens, seed))
        longest = tf.maximum(tf.reduce_max(most), 0)
        prompts = self.tokenizer.tokenize(text)
        begin = tf.RaggedTensor.from_tensor(tf.fill([batch, 1], self.end))
        prompts = tf.concat([begin, prompts], axis=1)
        inputs = self._within_positions(prompts.to_tensor(self.end), longest)
        counts = tf.cast(prompts.row_lengths(), tf.int32)

        def keep(last, logits, mask, first):
            place = counts - 1 - first
            inside = (place >= 0) & (place < tf.shape(mask)[1])
            place = tf.clip_by_value(place, 0, tf.shape(mask)[1] - 1)
            return tf.where(inside[:, None], tf.gather(logits, place, batch_dims=1), last)

        state = self.task.initial_state(batch, tf.shape(inputs)[1] + longest)
        last = tf.zeros([batch, self.tokenizer.vocabulary_size])
        last, state = self._read(inputs, counts, state, last, keep)
        draws = tf.map_fn(
            lambda one: tf.random.stateless_uniform([longest], tf.stack([one, 0])),
            seed,
            fn_output_signature=tf.TensorSpec([None], tf.float32),
        )
        tokens, total = self._write(last, state, draws, most, longest, options)
        written = self.tokenizer.detokenize(tokens, continues=tf.strings.length(text) > 0)
        return {"text": written, "log_likelihood": total}

    def _write(self, last, state, draws, most, longest, options) -> tuple[tf.Tensor, tf.Tensor]:
        """Token after token until every row has ended -> tokens `b t`, log-likelihoods `b`."""
        batch = tf.shape(last)[0]
        places = tf.range(longest)

        def going_on(place, last, state, tokens, total, done):
            return (place < longest) & ~tf.reduce_all(done)

        def body(place, last, state, tokens, total, done):
            token = choose(last, draws[:, place], *options)
            done = done | (place >= most)
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(token, last)
            total = total - tf.where(done, 0.0, nats)
            done = done | (token == self.end)
            token = tf.where(done, self.end, token)
            tokens = tf.where((places == place)[None], token[:, None], tokens)
            logits, state = self.task.run({"token_ids": token[:, None]}, state)
            return place + 1, logits[:, 0], state, tokens, total, done

        initial = (
            tf.fill([batch, longest], self.end),
            tf.zeros([batch]),
            tf.zeros([batch], tf.bool),
        )
        _, _, _, tokens, total, _ = tf.while_loop(going_on, body, (0, last, state, *initial))
        return tokens, total

    def start(self, batch_size: tf.Tensor) -> Tensors:
        """How many rows -> the memory of a text that has not begun."""
        state = self.task.initial_state(batch_size, self.limit or SEGMENT)
        return dict(zip(self.leaves, tree.flatten(state)))

    def step(self, token_ids: tf.Tensor, *memory: tf.Tensor) -> Tensors:
        """int32 `b t` and memory -> float32 logits `b t v` and the memory after them."""
        state = tree.pack_sequence_as(self.like, list(memory))
        logits, state = self.task.run({"token_ids": token_ids}, state)
        return {"logits": logits, **dict(zip(self.leaves, tree.flatten(state)))}

    def _read(self, inputs, counts, state, total, add) -> tuple[Any, Any]:
        """Run over tokens `b t`, of which a row has `counts`, in segments.

        `add(total, logits, mask, first)` gathers the answer; the last state comes with it.
        """
        length = tf.shape(inputs)[1]
        size = self.segment or tf.maximum(length, 1)
        number = -(-length // size)
        padded = tf.pad(inputs, [[0, 0], [0, number * size - length]])

        def body(segment, total, state):
            first = segment * size
            token_ids = padded[:, first : first + size]
            mask = first + tf.range(tf.shape(token_ids)[1])[None] < counts[:, None]
            logits, state = self.task.run({"token_ids": token_ids, "padding_mask": mask}, state)
            return segment + 1, add(total, logits, mask, first), state

        loop = (0, total, state)
        _, total, state = tf.while_loop(lambda segment, *_: segment < number, body, loop)
        return total, state

    def _within_positions(self, inputs: tf.Tensor, new: Any) -> tf.Tensor:
        """The same tokens `b t`, or an error when they and `new` more exceed the positions."""
        if self.limit is None:
            return inputs
        message = f"text: too long, the positions of this model end at {self.limit} tokens."
        length = tf.shape(inputs)[1] + new
        fits = tf.debugging.assert_less_equal(length, self.limit, message=message)
        with tf.control_dependencies([fits] if fits is not None else []):
            return tf.identity(inputs)


def _spec(dtype: Any, shape: list) -> Callable[[str], tf.TensorSpec]:
    return lambda name: tf.TensorSpec(shape, dtype, name)
