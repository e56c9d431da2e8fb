"""A causal language model reads and writes texts without end, with its memory as a value."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.core import window
from zoo.core.checked import checked
from zoo.generation.sampling import choose
from zoo.generation.write import segment_length
from zoo.serving.signatures import Served, Specs, Tensors, spec
from zoo.serving.signatures._memory import Leaves, names

SLOTS = 128
"""Tokens that are remembered where all are kept and nothing says how many."""
AT_ONCE = 512
"""Tokens that models without a memory of their own read at once: so many rows their tables of
scores have for any text."""


class Memory(NamedTuple):
    """All that a model knows of what it has read and written."""

    state: Any
    logits: Any
    """float32 `b v`: the scores of the token to come."""


class Sampling(NamedTuple):
    """How tokens are chosen, a value a row, `b`, or one for all."""

    temperature: Any
    top_k: Any
    top_p: Any
    seed: Any


class Written(NamedTuple):
    """What was written."""

    tokens: tf.RaggedTensor
    """int32 `b (t)`, without an end token."""
    log_likelihood: Any
    """float32 `b`, in nats."""
    finished: Any
    """bool `b`, whether the text has ended."""


OPTIONS = {
    "max_new_tokens": tf.int32,
    "temperature": tf.float32,
    "top_k": tf.int32,
    "top_p": tf.float32,
    "seed": tf.int32,
}
"""What may be said of a text to be written."""


def options(names: Iterable[str] = OPTIONS) -> Specs:
    return [spec(OPTIONS[name], [None], name) for name in names]


class Stream:
    """Memory is that of a text which has begun: the end token was read."""

    def __init__(self, model: Served):
        self.task, self.end = model.task, model.tokenizer.end_token_id
        backbone = model.task.backbone
        self.limit, memory = backbone.max_sequence_length, backbone.memory_length
        self.segment = AT_ONCE if memory is None else segment_length(memory)
        rows = getattr(model.batching, "sequence_length", SLOTS)
        self.slots = self.limit or rows
        like = self.task.initial_state(1, self.slots)
        self.like = Memory(like, tf.zeros([1, backbone.vocabulary_size]))
        self.leaves = Leaves(self.like, [*names(like), "logits"])

    def specs(self) -> Specs:
        """The tensors of a memory."""
        return self.leaves.specs()

    def pack(self, tensors: Tensors) -> Memory:
        """A memory of the tensors with their names, which are taken out."""
        return self.leaves.pack(tensors)

    def unpack(self, memory: Memory) -> Tensors:
        return self.leaves.unpack(memory)

    def begin(self, batch: Any, slots: Any = None) -> Memory:
        """The memory of so many texts, with room for so many tokens where all are kept."""
        state = self.task.initial_state(batch, self.slots if slots is None else slots)
        logits, state = self.task.run({"token_ids": tf.fill([batch, 1], self.end)}, state)
        return Memory(state, logits[:, 0])

    def step(self, token_ids: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, Memory]:
        """int32 `b t` -> float32 logits `b t v`."""
        token_ids = self._within(token_ids, memory, tf.shape(token_ids)[1])
        logits, state = self.task.run({"token_ids": token_ids}, memory.state)
        last = tf.concat([memory.logits[:, None], logits], axis=1)[:, -1]
        return logits, Memory(state, last)

    def read(self, tokens: tf.RaggedTensor, memory: Memory) -> tuple[tf.Tensor, Memory]:
        """Token ids `b (t)` -> their log-likelihoods in nats, float32 `b`."""
        counts = tf.cast(tokens.row_lengths(), tf.int32)
        dense = self._within(tokens.to_tensor(self.end)[:, : self.limit], memory, counts)
        length = tf.shape(dense)[1]
        size = tf.minimum(self.segment, tf.maximum(length, 1))
        number = -(-length // size)
        padded = tf.pad(dense, [[0, 0], [0, number * size - length]])

        def body(segment, total, memory):
            first = segment * size
            token_ids = padded[:, first : first + size]
            mask = first + tf.range(tf.shape(token_ids)[1])[None] < counts[:, None]
            inputs = {"token_ids": token_ids, "padding_mask": mask}
            logits, state = self.task.run(inputs, memory.state)
            known = tf.concat([memory.logits[:, None], logits], axis=1)
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(token_ids, known[:, :-1])
            total = total - tf.reduce_sum(tf.where(mask, nats, 0.0), axis=1)
            here = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
            last = tf.gather(known, here, batch_dims=1)
            return segment + 1, total, Memory(state, last)

        loop = (0, tf.zeros_like(counts, tf.float32), memory)
        _, total, memory = tf.while_loop(lambda segment, *_: segment < number, body, loop)
        return total, memory

    def write(
        self, memory: Memory, most: Any, sampling: Sampling, first: Any = 0
    ) -> tuple[Written, Memory]:
        """Up to `most` tokens, int32 `b`, each chosen, then read, the end token too. `first` of the
        answer were written before."""
        batch = tf.shape(memory.logits)[0]
        seed, first = (tf.broadcast_to(x, [batch]) for x in (sampling.seed, first))
        chosen_by = [tf.broadcast_to(x, [batch]) for x in sampling[:3]]
        most = tf.broadcast_to(most, [batch])
        room = longest(most)
        memory = memory._replace(logits=self._within(memory.logits, memory, most))
        luck = tf.map_fn(
            lambda one: draws(one[0], one[1], room),
            (seed, first),
            fn_output_signature=tf.TensorSpec([None], tf.float32),
        )
        places = tf.range(room)

        def going_on(place, memory, tokens, total, done):
            return (place < room) & ~tf.reduce_all(done | (place >= most))

        def body(place, memory, tokens, total, done):
            token = choose(memory.logits, luck[:, place], *chosen_by)
            writes = ~done & (place < most)
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(token, memory.logits)
            inputs = {"token_ids": token[:, None], "padding_mask": writes[:, None]}
            logits, state = self.task.run(inputs, memory.state)
            after = Memory(state, tf.where(writes[:, None], logits[:, 0], memory.logits))
            done = done | (writes & (token == self.end))
            token = tf.where(writes, token, self.end)
            tokens = tf.where((places == place)[None], token[:, None], tokens)
            return place + 1, after, tokens, total - tf.where(writes, nats, 0.0), done

        nothing = tf.fill([batch, room], self.end), tf.zeros([batch]), tf.zeros([batch], tf.bool)
        _, memory, tokens, total, done = tf.while_loop(going_on, body, (0, memory, *nothing))
        number = tf.reduce_sum(tf.cast(tokens != self.end, tf.int32), axis=1)
        ragged = tf.RaggedTensor.from_tensor(tokens, lengths=number)
        return Written(ragged, total, done), memory

    def begun(self, memory: Memory) -> Any:
        """bool `b`: whether a text has more than begun."""
        seen = window.length(memory.state)
        return True if seen is None else seen > 1

    def _within(self, x: tf.Tensor, memory: Memory, new: Any) -> tf.Tensor:
        """The same tensor, or an error where so many more tokens, int32 or int32 `b`, exceed the
        positions of the model."""
        seen = window.length(memory.state)
        if self.limit is None or seen is None:
            return x
        message = f"text: too long, the positions of this model end at {self.limit} tokens."
        return checked(x, tf.reduce_all(seen + new <= self.limit), message)


def longest(counts: tf.Tensor) -> tf.Tensor:
    """The largest of some numbers, int `b`, and 0 where there are none: int32."""
    return tf.reduce_max(tf.concat([[0], tf.cast(counts, tf.int32)], axis=0))


def draws(seed: tf.Tensor, first: Any, number: Any, which: Any = 0) -> tf.Tensor:
    """Draws `first` to `first + number` of a seed, float32: those of the live model, the first time
    it asks for some, or after so many times."""
    return tf.random.stateless_uniform([first + number], tf.stack([seed, which]))[first:]
