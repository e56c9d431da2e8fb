"""What the places of a text are called, one by one or a line at a time."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from zoo.data.sources import Document
from zoo.tokenizers import Tokenizer

SHOWN = {code: f"\\x{code:02x}" for code in (*range(32), 127)} | {10: "↵", 9: "⇥"}
"""How characters are written that are no letters in a picture."""

Read = Callable[[np.ndarray], np.ndarray]
"""Bytes of a text, uint8 `t` -> its token ids, integer `t`."""


class Column(NamedTuple):
    """Places that are looked at as one: a line, or a token alone."""

    text: str
    start: int
    stop: int
    supports: bool = False
    """Whether the answer follows from it."""


class Side(NamedTuple):
    """One of the texts a model is told of."""

    name: str
    """`text`, `source`, `answer`."""
    token_ids: np.ndarray
    """int32 `t`"""
    tokens: list[str]
    """The piece of text each place stands for."""
    columns: list[Column]
    """Its lines where there are several, else its tokens."""


def tokens(tokenizer: Tokenizer, token_ids: np.ndarray) -> list[str]:
    """What each token id stands for. What is no text is called by its name."""
    pieces = tokenizer.pieces()
    named = {
        tokenizer.end_token_id: "end",
        tokenizer.pad_token_id: "padding",
        tokenizer.unknown_token_id: "unknown",
        tokenizer.start_token_id: "start",
        tokenizer.mask_token_id: "[MASK]",
    }
    found = []
    for token in token_ids.tolist():
        text = pieces[token].decode(errors="replace")
        text = (text.strip(" ") or "␣" * bool(text)).translate(SHOWN)
        found.append(text or named.get(token, "?"))
    return found


def columns(asked: Document, read: Read, first: int, names: list[str]) -> list[Column]:
    """What the places of a text are, by their names, of which number `first` is the first token of
    the text: its lines where there are several, else its tokens, and what stands around."""
    lines = asked.data.tobytes().splitlines(keepends=True)
    if len(lines) < 2:
        return [Column(name, place, place + 1) for place, name in enumerate(names)]
    length, ends = len(names), np.cumsum([len(line) for line in lines])
    stops = [first + read(asked.data[:end]).size for end in ends]
    found = [Column(name, place, place + 1) for place, name in enumerate(names[:first])]
    for line, end, start, stop in zip(lines, ends, [first, *stops], stops):
        told = any(begin < end and last > end - len(line) for begin, last in asked.support)
        found.append(Column(line.decode(errors="replace").strip(), start, stop, told))
    found.append(Column("end", stops[-1], length))
    cut = [one._replace(stop=min(one.stop, length)) for one in found]
    return [one for one in cut if one.start < one.stop]
