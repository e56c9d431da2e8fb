"""A text as a run is shown it: what the model takes, and what its places are called."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.errors import ZooError
from zoo.data.sources import Document
from zoo.generation.write import Sampling, Writer
from zoo.insight.columns import Read, Side, columns, tokens
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.tasks import KERAS_HUB_CAUSAL_LM, KERAS_HUB_MASKED_LM
from zoo.tokenizers import Tokenizer
from zoo.tokenizers._music import Music
from zoo.training.run import load_task, resolve

MOST_READ, MOST_WRITTEN = 2048, 32
"""Tokens of a text whose weights are held at once, and tokens a model may write in answer."""
MOST_PLAYED = 512
"""Tokens of a piece of music that are shown: its beginning."""
KNOWN = {"token_ids", "padding_mask", "segment_ids", "encoder_token_ids", "encoder_padding_mask"}
"""What can be told of a text, or need not be."""
MASK = b"[MASK]"
"""Stands in a text for a token that a masked language model is to guess."""


class Reading(NamedTuple):
    """A run, and a text it is shown."""

    recipe: Resolved
    task: Any
    tokenizer: Tokenizer
    inputs: dict[str, np.ndarray]
    """What the task takes, `1 t` each."""
    sides: list[Side]
    """The text; or the source, and the answer as far as it was read when its end was written."""
    answer: np.ndarray
    """int32 `t`, the tokens a model wrote in answer to a source; none where it writes none."""

    def answered(self) -> str:
        return self.tokenizer.said(self.answer.tolist())


def reading(
    run: Path,
    text: str | None = None,
    document: int | None = None,
    overrides: list[str] | None = None,
) -> Reading:
    """A text, or a held-out document, counted from 0, as a run is shown it. A model that answers a
    source has answered it, greedily; one that guesses tokens is to guess those that are written
    [MASK], or the one in the middle. Raises ZooError."""
    recipe = resolve(run, overrides)
    if (text is None) == (document is None):
        raise ZooError("expected a text, or the number of a held-out document: one of them.")
    asked = Document("text", np.frombuffer(os.fsencode(text or ""), "uint8"))
    asked = asked if document is None else _held_out(recipe, document)
    task, tokenizer = load_task(run, recipe), build.tokenizer(recipe)
    writes = isinstance(task, KERAS_HUB_CAUSAL_LM)
    if text is not None and writes:
        form = np.frombuffer(build.source(recipe).prompt(text), "uint8")
        asked = asked._replace(data=form)
    guesses = isinstance(task, KERAS_HUB_MASKED_LM) and "encoder_token_ids" not in task.input
    read = _masking(tokenizer) if guesses else tokenizer.read
    found = read(asked.data).astype("int32")
    name, lines = "text", asked
    if isinstance(tokenizer, Music):  # which has no lines
        name, lines = "music", Document("music", np.zeros(0, "uint8"))
        if found.size > MOST_PLAYED:
            name, found = f"first {MOST_PLAYED} tokens", found[:MOST_PLAYED]
    _check(task, found.size)
    if "encoder_token_ids" in task.input:
        return _answering(recipe, task, tokenizer, asked, found)
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    before = [end] if writes else [one for one in (start,) if one is not None]
    token_ids = np.array([*before, *found, *([] if writes else [end])], "int32")
    if guesses and tokenizer.mask_token_id not in found:
        token_ids[len(before) + found.size // 2] = tokenizer.mask_token_id
    names = tokens(tokenizer, token_ids)
    names[: len(before)] = ["start"] * len(before)
    side = Side(name, token_ids, names, columns(lines, read, len(before), names))
    inputs = {"token_ids": token_ids[None], "padding_mask": np.ones((1, token_ids.size), bool)}
    if "document_ids" in task.input:
        inputs["document_ids"] = np.zeros((1, token_ids.size), "int32")
    return Reading(recipe, task, tokenizer, inputs, [side], token_ids[:0])


def _masking(tokenizer: Tokenizer) -> Read:
    """`read` that takes [MASK] for the token to be guessed."""

    def read(data: np.ndarray) -> np.ndarray:
        parts = [np.frombuffer(part, "uint8") for part in data.tobytes().split(MASK)]
        found = [tokenizer.read(parts[0])]
        for part in parts[1:]:
            found += [np.array([tokenizer.mask_token_id]), tokenizer.read(part)]
        return np.concatenate(found)

    return read


def _check(task: Any, size: int) -> None:
    """Raises ZooError for a text that the model cannot be shown as it is."""
    if unknown := sorted(set(task.input) - KNOWN - {"document_ids"}):
        raise ZooError(
            f"the model asks for {', '.join(unknown)}, which a text alone does not tell."
        )
    limit = task.backbone.max_sequence_length
    most = (
        min(limit - 2, MOST_READ) if limit and "encoder_token_ids" not in task.input else MOST_READ
    )
    if not 0 < size <= most:
        raise ZooError(f"found a text of {size:,} tokens, expected 1 to {most:,}.")


def _held_out(recipe: Resolved, number: int) -> Document:
    """A held-out document without its answer."""
    documents = build.held_out(recipe)
    if not 0 <= number < len(documents):
        there = f"0 to {len(documents) - 1:,}" if documents else "none: nothing is held out"
        raise ZooError(f"document: found {number}, expected {there}.")
    found = documents[number]
    end = found.answers[-1][0] if found.answers else found.data.size
    return found._replace(data=found.data[:end], answers=())


def _answering(
    recipe: Resolved, task: Any, tokenizer: Tokenizer, asked: Document, read: np.ndarray
) -> Reading:
    """A source, and what the model writes in answer."""
    if not isinstance(task, KERAS_HUB_CAUSAL_LM):
        raise ZooError(f"a {type(task).__name__} does not write from left to right.")
    told = build.batching(recipe).frame(tokenizer).rows([read])
    size = int(told["padding_mask"].sum())
    source = {f"encoder_{name}": x[:, :size] for name, x in told.items()}
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    begun = np.array([end if start is None else start], "int32")
    greedy = Sampling(temperature=0.0)
    answer = np.array(list(Writer(task).write(begun, MOST_WRITTEN, greedy, (end,), source)))
    token_ids = np.concatenate([begun, answer[:-1]]).astype("int32")
    ids, first = source["encoder_token_ids"][0], int(start is not None)
    names, written = tokens(tokenizer, ids), ["start", *tokens(tokenizer, token_ids[1:])]
    asked_of = Side("source", ids, names, columns(asked, tokenizer.read, first, names))
    alone = Document("answer", np.zeros(0, "uint8"))
    own = Side("answer", token_ids, written, columns(alone, tokenizer.read, 1, written))
    mask = np.ones((1, token_ids.size), bool)
    inputs = {**source, "token_ids": token_ids[None], "padding_mask": mask}
    return Reading(recipe, task, tokenizer, inputs, [asked_of, own], answer.astype("int32"))
