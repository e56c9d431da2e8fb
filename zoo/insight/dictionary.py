"""What hidden states are made of: a dictionary of a few directions, learned from held-out text, of
which each token takes as few as it can (Yun et al. 2021, arXiv:2103.15949; Mairal et al. 2009)."""

import warnings
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.core.errors import ZooError
from zoo.core.taps import heard
from zoo.insight.columns import SHOWN
from zoo.insight.reading import Reading
from zoo.insight.stacks import Stacked, stacked
from zoo.metrics import library
from zoo.recipe import build

MOST_TOKENS = 6000
"""Held-out tokens whose hidden states are learned from."""
SPARSITY = 0.15
"""The penalty on what a token takes, relative to the length of a hidden state."""
EVERY = 5
"""Every so many tokens one is left out, to be measured on."""
MOST_CONTEXTS, AROUND = 6, 40
"""Contexts told of a factor, and characters on either side."""
SIGN = "▪".encode()
"""Stands for the start, the end, padding and masks."""


class Context(NamedTuple):
    """A token of held-out text, and what stands around it."""

    before: str
    token: str
    after: str
    strength: float


class Entry(NamedTuple):
    """A direction in the dictionary."""

    contexts: list[Context]
    """Where it was strongest."""
    share: float
    """Of how many held-out tokens it is a part."""
    tokens: np.ndarray
    """float `t`, how strong it is in each token of the text."""


class Dictionary(NamedTuple):
    name: str
    """The block behind which it was learned."""
    side: int
    entries: list[Entry]
    """Those that are used, strongest in the text first."""
    num_tokens: int
    """Learned from so many."""
    explained: float
    """The share of the variance of tokens left out that it explains."""
    used: float
    """How many entries such a token takes, in the mean."""


class _Held(NamedTuple):
    """Held-out text."""

    hidden: np.ndarray
    """float64 `n d`"""
    rows: list[np.ndarray]
    """Token ids, int `t` each, without padding."""
    places: list[tuple[int, int]]
    """The row and the place of each token."""


class Learned(NamedTuple):
    """A dictionary, and how states are written by it."""

    mean: np.ndarray
    length: float
    """Of a state, in the root mean square, the mean taken off."""
    model: Any

    def codes(self, states: np.ndarray) -> np.ndarray:
        """What states `n d` take of each entry, `n e`, none below 0."""
        return self.model.transform((states - self.mean) / self.length)

    def states(self, codes: np.ndarray) -> np.ndarray:
        """The states that codes stand for."""
        return self.mean + self.length * codes @ self.model.components_


def learn(states: np.ndarray, size: int) -> Learned:
    """A dictionary of so many entries for states `n d`."""
    mean = states.mean(axis=0)
    length = max(float(np.sqrt(np.square(states - mean).sum(axis=1).mean())), 1e-30)
    model = library("sklearn.decomposition").MiniBatchDictionaryLearning(
        size,
        alpha=SPARSITY,
        batch_size=256,
        max_iter=20,
        fit_algorithm="cd",
        transform_algorithm="lasso_cd",
        transform_alpha=SPARSITY,
        positive_code=True,
        random_state=0,
    )
    return Learned(mean, length, model.fit((states - mean) / length))


def dictionary(read: Reading, size: int) -> Dictionary:
    """The dictionary of the block in the middle of the stack that reads the text. Raises ZooError
    for a recipe that holds out no text, and for a model without blocks."""
    blocks = [one for one in stacked(read.task.backbone) if one.side == 0]
    if not blocks:
        raise ZooError(f"a {type(read.task.backbone).__name__} has no blocks to look behind.")
    block = blocks[len(blocks) // 2]
    held = _held_out(read, block)
    kept = np.arange(len(held.hidden)) % EVERY > 0
    told = hidden(read.task, read.inputs, block)
    with warnings.catch_warnings():  # of steps too small to matter: what is explained is told
        warnings.simplefilter("ignore", library("sklearn.exceptions").ConvergenceWarning)
        found = learn(held.hidden[kept], size)
        codes, ours = found.codes(held.hidden), found.codes(told)
    left_out = held.hidden[~kept]
    missed = np.square(left_out - found.states(codes[~kept])).sum()
    explained = 1 - missed / max(np.square(left_out - found.mean).sum(), 1e-30)
    pieces = read.tokenizer.pieces()
    entries = [
        Entry(_contexts(held, code, pieces), float((code > 0).mean()), mine)
        for code, mine in zip(codes.T, ours.T)
        if code.any()
    ]
    entries.sort(key=lambda entry: -float(entry.tokens.max()))
    used = float((codes[~kept] > 0).sum(axis=1).mean())
    return Dictionary(block.name, 0, entries, int(kept.sum()), float(explained), used)


def hidden(task: Any, inputs: dict[str, Any], block: Stacked) -> np.ndarray:
    """What a block gives of every token, float64 `b·t d`; streams side by side."""
    with heard([block.block]) as found:
        task.encode({name: ops.convert_to_tensor(x) for name, x in inputs.items()})
    ((out, _),) = found[id(block.block)]
    out = ops.convert_to_numpy(out).astype("float64")
    return out.reshape(-1, out.shape[-1])


def _held_out(read: Reading, block: Stacked) -> _Held:
    """The hidden states of tokens spread over all of the text that is held out."""
    text = build.text(read.recipe)
    if text.validation is None:
        raise ZooError("the recipe holds out no text to learn a dictionary from.")
    batches = text.batching.evaluation_batches(text.validation)
    first = text.batching.evaluation(text.validation, 0)
    number = min(batches, -(-MOST_TOKENS // max(1, _there(read, first.inputs).sum())))
    states, rows, places = [], [], []
    for place in np.unique(np.linspace(0, batches - 1, number).astype(int)):
        inputs = text.batching.evaluation(text.validation, int(place)).inputs
        there = _there(read, inputs)
        states.append(hidden(read.task, inputs, block)[there.reshape(-1)])
        ids = inputs[_prefix(inputs) + "token_ids"]
        places += [(len(rows) + row, place) for row, place in np.argwhere(there).tolist()]
        rows += [row[: row.size - np.argmax(real[::-1])] for row, real in zip(ids, there)]
    whole = np.concatenate(states)
    chosen = np.unique(np.linspace(0, len(whole) - 1, MOST_TOKENS).astype(int))
    return _Held(whole[chosen], rows, [places[one] for one in chosen])


def _prefix(inputs: dict[str, Any]) -> str:
    return "encoder_" if "encoder_token_ids" in inputs else ""


def _there(read: Reading, inputs: dict[str, Any]) -> np.ndarray:
    """Which places of the text that is read are tokens, bool `b t`. Where nothing tells, rows end
    with the first of the end tokens that fill them."""
    prefix = _prefix(inputs)
    if (mask := inputs.get(f"{prefix}padding_mask")) is not None:
        return np.asarray(mask)
    text = inputs[f"{prefix}token_ids"] != read.tokenizer.end_token_id
    last = text.shape[1] - np.argmax(text[:, ::-1], axis=1)
    return np.arange(text.shape[1])[None] <= np.where(text.any(axis=1), last, -1)[:, None]


def _contexts(held: _Held, code: np.ndarray, pieces: list[bytes]) -> list[Context]:
    """Where an entry was strongest; what reads the same is told once."""
    found: dict[tuple[str, ...], Context] = {}
    for place in np.argsort(-code, kind="stable"):
        if len(found) == MOST_CONTEXTS or not code[place] > 0:
            break
        row, at = held.places[place]
        ids = held.rows[row].tolist()
        parts = ids[max(0, at - AROUND) : at], ids[at : at + 1], ids[at + 1 :][:AROUND]
        before, token, after = (_said(part, pieces) for part in parts)
        one = Context(before[-AROUND:], token, after[:AROUND], float(code[place]))
        found.setdefault(one[:3], one)
    return list(found.values())


def _said(token_ids: list[int], pieces: list[bytes]) -> str:
    """Tokens as the text they are pieces of; what is no text is a sign."""
    text = b"".join(pieces[token] or SIGN for token in token_ids)
    return text.decode(errors="replace").translate(SHOWN)
