"""Write text token by token: read the prompt in segments, then a few tokens a compiled loop."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.core.compiled import compiled, fast_products
from zoo.core.errors import ZooError
from zoo.generation.sampling import choose

PREFILL = 128
"""Prompt tokens read at once; by a model with a longer memory, as many as that."""
FEWEST = 16
"""Tokens to which a shorter prompt is padded; a longer one to the next power of two."""
SLOTS = 64
"""Room is made for so many tokens more at a time: few sizes are compiled, and few slots empty."""
AT_ONCE = 8
"""Tokens written by one call of the compiled loop: few, so that they can be read as they come."""


def segment_length(memory_length: int) -> int:
    """How many tokens of a text a model with such a memory reads at once."""
    return max(memory_length, PREFILL)


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen. `temperature` 0 is greedy, `top_k` 0 and `top_p` 1 keep all tokens."""

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self):
        if not 0 <= self.temperature < 1e6 or self.top_k < 0 or not 0 < self.top_p <= 1:
            raise ZooError(
                f"expected temperature >= 0, top_k >= 0 and 0 < top_p <= 1; found {self}."
            )

    def of_rows(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`temperature`, `top_k` and `top_p` of so many rows, `b` each, as `choose` takes them."""
        return (
            np.full(number, self.temperature, "float32"),
            np.full(number, self.top_k, "int32"),
            np.full(number, self.top_p, "float32"),
        )


class Writer:
    """Writes with a task: anything with `encode`, `logits`, `run` and `initial_state`. Compiled
    once, used often; the loop by XLA where that is known to be faster, see `core.compiled`."""

    def __init__(self, task: Any):
        self.task, backbone = task, task.backbone
        self.limit = backbone.max_sequence_length
        self.recurrent = backbone.memory_length is not None
        segment = segment_length(backbone.memory_length or 0)
        self.segment = min(segment, self.limit or segment)
        self.read = compiled(self._read, task)
        self.write_some = compiled(self._write_some, task, jit_compile=fast_products())

    def write(
        self,
        prompt: np.ndarray,
        max_new_tokens: int,
        sampling: Sampling,
        stop_token_ids: tuple[int, ...] = (),
        source: dict[str, Any] | None = None,
    ) -> Iterator[int]:
        """Token ids of a prompt (int `t`, at least one) -> the token ids that follow, one by one.
        `source` is what is told of a text to read, such as `encoder_token_ids` `1 k`.

        Raises ZooError when prompt and new tokens together exceed the positions of the model.
        """
        if max_new_tokens < 0:
            raise ZooError(f"max_new_tokens: found {max_new_tokens}, expected at least 0.")
        logits, state = self.begin(prompt[None], max_new_tokens, source)
        room = -(-max_new_tokens // AT_ONCE) * AT_ONCE
        draws = np.array(keras.random.uniform((room,), seed=sampling.seed))
        options = sampling.of_rows(1)
        for place in range(0, max_new_tokens, AT_ONCE):
            number = np.int32(min(AT_ONCE, max_new_tokens - place))
            some = draws[place : place + AT_ONCE]
            tokens, logits, state = self.write_some(number, logits, state, some, *options)
            for token in np.array(tokens)[:number].tolist():
                if token in stop_token_ids:
                    return
                yield token

    def begin(
        self, prompt: np.ndarray, max_new_tokens: int, source: dict[str, Any] | None = None
    ) -> tuple[Any, Any]:
        """Prompts `b t` read: logits after them, `b v`, and the state, with room for new tokens.
        Raises ZooError when both together exceed the positions of the model."""
        rows, length = prompt.shape
        total = length + max_new_tokens
        if self.limit and total > self.limit:
            raise ZooError(
                f"prompt: {length} tokens and {max_new_tokens} new ones are {total}, but the "
                f"positions of this model end at {self.limit}. Shorten the prompt, or ask for at "
                f"most {max(0, self.limit - length)} new tokens."
            )
        slots = -(-total // SLOTS) * SLOTS
        slots = min(slots, self.limit or slots)
        logits, state, told = None, self.task.initial_state(rows, slots), source or {}
        for first, stop in itertools.pairwise(self._cuts(length)):
            segment = self._segment(prompt[:, first:stop])
            logits, state = self.read(*segment, state, told)
            told = {}
        return logits, state

    def _cuts(self, length: int) -> list[int]:
        """Where segments begin, and the last one ends. Memory has begun with a first token alone,
        as in a SavedModel: what a token of a recurrent model sees depends on these places."""
        first = 1 if self.recurrent else 0
        return [*dict.fromkeys([0, *range(first, length, self.segment), length])]

    def _segment(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Token ids and padding mask of one segment, `b t`, padded so that few graphs serve all."""
        rows, length = tokens.shape
        size = min(self.segment, max(FEWEST, 2 ** (length - 1).bit_length()))
        padded = np.zeros((rows, size), "int32")
        padded[:, :length] = tokens
        return padded, np.broadcast_to(np.arange(size) < length, (rows, size))

    def _read(self, token_ids: Any, padding_mask: Any, state: Any, told: Any) -> tuple[Any, Any]:
        """A segment -> logits after its last token, `b v`, and the next state."""
        inputs = {"token_ids": token_ids, "padding_mask": padding_mask, **told}
        hidden, state = self.task.encode(inputs, state)
        last = ops.sum(ops.cast(padding_mask, "int32"), axis=1) - 1
        hidden = ops.take_along_axis(hidden, last[:, None, None], axis=1)
        return self.task.logits(hidden)[:, 0], state

    def _write_some(
        self, number: Any, logits: Any, state: Any, draws: Any, *options: Any
    ) -> tuple[Any, Any, Any]:
        """Logits `1 v` -> the tokens chosen, as many as there are draws of which the first `number`
        count, logits after them, and the next state."""
        places = ops.arange(draws.shape[0])

        def body(place, tokens, logits, state):
            token = choose(logits, ops.take(draws, place)[None], *options)
            logits, state = self.task.run({"token_ids": token[:, None]}, state)
            return place + 1, ops.where(places == place, token, tokens), logits[:, 0], state

        first = ops.zeros((), "int32"), ops.zeros_like(places), logits, state
        _, *after = ops.while_loop(lambda place, *_: place < number, body, first)
        return tuple(after)


def until(pieces: Iterator[bytes], stop: bytes, first: int = 0) -> Iterator[bytes]:
    """Pieces of text up to and with the first `stop` behind so many bytes; all if it is empty."""
    text = b""
    for piece in pieces:
        before, text = len(text), text + piece
        found = text.find(stop, max(first, before - len(stop))) if stop else -1
        if found >= 0:
            yield text[before : found + len(stop)]
            return
        yield piece
