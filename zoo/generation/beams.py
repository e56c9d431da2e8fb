"""Beam search: the likeliest texts, not the likeliest next token.

Ended beams wait in a pool of their own while the others go on (tensor2tensor), and long ones are
not punished for being long: the score of `y` is its log-likelihood over ((5 + |y|) / 6)^α (Wu et
al. 2016, section 7, equation 14). Shapes are static: one compiled loop for all tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import ops, tree

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.generation.write import Writer

NEVER = -np.inf


@dataclass(frozen=True)
class BeamSearch:
    """`length_penalty` is α, 0 for none. `end_token_id` ends a text, `max_new_tokens` cuts it."""

    num_beams: int
    max_new_tokens: int
    end_token_id: int
    length_penalty: float = 0.6

    def __post_init__(self):
        if self.num_beams < 1 or self.max_new_tokens < 1 or not 0 <= self.length_penalty < 1e3:
            raise ZooError(
                "expected num_beams >= 1, max_new_tokens >= 1 and length_penalty >= 0; "
                f"found {self}."
            )

    def penalty(self, length: Any) -> Any:
        """What the log-likelihood of so many tokens is divided by, float32."""
        return ((5.0 + ops.cast(length, "float32")) / 6.0) ** self.length_penalty


class Beams(NamedTuple):
    """Texts, the best first. Those that were cut at `max_new_tokens` stand among the ended."""

    token_ids: Any
    """int32 `b n t`: the tokens written; end tokens behind the length."""
    scores: Any
    """float32 `b n`: log-likelihood in nats over the penalty; -∞ where there are no more texts."""
    lengths: Any
    """int32 `b n`: tokens written, the end token among them."""


class BeamWriter(Writer):
    """Writes the likeliest text. Compiled once for each set of options."""

    def __init__(self, task: Any):
        super().__init__(task)
        self.compiled: dict[BeamSearch, Callable] = {}

    def search(
        self, prompt: np.ndarray, options: BeamSearch, source: dict[str, Any] | None = None
    ) -> Beams:
        """Token ids of prompts, int `b t`, at least one each -> the texts that follow, `b n t`.
        `source` is what is told of the texts to read, such as `encoder_token_ids` `b k`.

        Raises ZooError when prompts and new tokens together exceed the positions of the model.
        """
        if options not in self.compiled:
            self.compiled[options] = compiled(
                lambda logits, state: search(logits, state, _stepping(self.task), options),
                self.task,
            )
        return self.compiled[options](*self.begin(prompt, options.max_new_tokens, source))

    def best(
        self, prompt: np.ndarray, options: BeamSearch, source: dict[str, Any] | None = None
    ) -> list[np.ndarray]:
        """The best of these texts for each prompt, int `t`, without its end token."""
        texts = np.array(self.search(prompt, options, source).token_ids)[:, 0]
        return [text[text != options.end_token_id] for text in texts]


def written(
    task: Any, prompt: Any, options: BeamSearch, source: dict[str, Any] | None = None
) -> Beams:
    """What `BeamWriter.search` gives, in one graph: prompts are read at once."""
    total, limit = prompt.shape[1] + options.max_new_tokens, task.backbone.max_sequence_length
    if limit and total > limit:
        text = f"max_new_tokens: found {options.max_new_tokens}, but the positions of this model"
        raise ZooError(f"{text} end at {limit}.")
    state = task.initial_state(ops.shape(prompt)[0], total)
    logits, state = task.run({"token_ids": prompt, **(source or {})}, state)
    return search(logits[:, -1], state, _stepping(task), options)


class _Alive(NamedTuple):
    """Texts that go on, the likeliest first."""

    token_ids: Any
    """int32 `b n t`"""
    likelihoods: Any
    """float32 `b n`: the logarithms of their probabilities."""
    parents: Any
    """int32 `b n`: the beams of the step before that they go on with."""


Step = Callable[[Any, Any], tuple[Any, Any]]
"""Token ids `b 1` and a state -> logits `b v` after them, and the next state."""


def _stepping(task: Any) -> Step:
    def step(token_ids, state):
        logits, state = task.run({"token_ids": token_ids}, state)
        return logits[:, 0], state

    return step


def search(logits: Any, state: Any, step: Step, options: BeamSearch) -> Beams:
    """Logits after a start, `b v`, and its state, any tree of tensors `b …` -> the texts that
    follow, `b n t`. `step` is called with `b·n` rows, the beams of a row one after another."""
    number, length = options.num_beams, options.max_new_tokens
    batch = ops.shape(logits)[0]
    empty = ops.full((batch, number, length), options.end_token_id, "int32")
    nothing = ops.full((batch, number), NEVER, "float32")
    one = ops.broadcast_to(ops.arange(number)[None] == 0, (batch, number))  # all begin alike
    alive = _Alive(empty, ops.where(one, 0.0, NEVER), ops.zeros((batch, number), "int32"))
    ended = Beams(empty, nothing, ops.zeros((batch, number), "int32"))
    logits, state = (_repeated(x, number) for x in (logits, state))
    alive, ended = _chosen(0, logits, alive, ended, options)

    def going_on(place, alive, ended, state):
        best = alive.likelihoods[:, 0] / options.penalty(length)  # no length is punished less
        return (place < length) & ops.any(best > ended.scores[:, -1])

    def body(place, alive, ended, state):
        state = _gathered(state, alive.parents)
        last = ops.take(alive.token_ids, place - 1, axis=2)
        logits, state = step(ops.reshape(last, (-1, 1)), state)
        return place + 1, *_chosen(place, logits, alive, ended, options), state

    loop = (ops.convert_to_tensor(1, "int32"), alive, ended, state)
    _, alive, ended, _ = ops.while_loop(going_on, body, loop)
    cut = alive.likelihoods / options.penalty(length)
    found = _best(ended, Beams(alive.token_ids, cut, ops.full_like(ended.lengths, length)))
    there = found.scores > NEVER
    token_ids = ops.where(there[:, :, None], found.token_ids, options.end_token_id)
    return Beams(token_ids, found.scores, ops.where(there, found.lengths, 0))


def _chosen(place, logits, alive: _Alive, ended: Beams, options: BeamSearch):
    """Logits `b·n v` after the beams alive -> those alive and those ended with a token more at
    `place`. Twice as many candidates as beams: at most one of each beam ends."""
    batch, number = ops.shape(alive.likelihoods)[0], options.num_beams
    size = logits.shape[-1]
    step = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    total = alive.likelihoods[:, :, None] + ops.reshape(step, (batch, number, size))
    likelihoods, found = ops.top_k(ops.reshape(total, (batch, -1)), min(2, size) * number)
    parents, tokens = ops.cast(found // size, "int32"), ops.cast(found % size, "int32")
    here = ops.arange(options.max_new_tokens) == place
    token_ids = ops.where(here, tokens[:, :, None], _taken(alive.token_ids, parents))
    ends = tokens == options.end_token_id
    scores = ops.where(ends, likelihoods / options.penalty(place + 1), NEVER)
    lengths = ops.zeros_like(tokens) + place + 1
    going, kept = ops.top_k(ops.where(ends, NEVER, likelihoods), number)
    alive = _Alive(_taken(token_ids, kept), going, _taken(parents, kept))
    return alive, _best(ended, Beams(token_ids, scores, lengths))


def _best(kept: Beams, new: Beams) -> Beams:
    """The best of both, as many as were kept."""
    joined = [ops.concatenate(pair, axis=1) for pair in zip(kept, new)]
    _, places = ops.top_k(joined[1], kept.scores.shape[1])
    return Beams(*(_taken(x, places) for x in joined))


def _taken(x: Any, places: Any) -> Any:
    """`b k …` and places `b n` among the k -> `b n …`."""
    axes = (1,) * (len(x.shape) - 2)
    return ops.take_along_axis(x, ops.reshape(places, (*ops.shape(places), *axes)), axis=1)


def _repeated(state: Any, number: int) -> Any:
    """Every row of a state, `b …`, so many times: `b·n …`."""
    return tree.map_structure(lambda x: ops.repeat(x, number, axis=0), state)


def _gathered(state: Any, parents: Any) -> Any:
    """A state `b·n …`, whose beams go on with those that int32 `b n` names."""
    batch, number = ops.shape(parents)
    rows = ops.reshape(parents + ops.arange(batch, dtype="int32")[:, None] * number, (-1,))
    return tree.map_structure(lambda x: ops.take(x, rows, axis=0), state)
