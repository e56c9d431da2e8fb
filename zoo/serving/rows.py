"""Rows of token ids, or pictures, as a model was trained on them: for those who make them."""

from typing import Any

import numpy as np

from zoo.core.kinds import to_config
from zoo.serving.requests import SENTENCE, colours
from zoo.serving.signatures import Served

ENCODER = "encoder_"
"""What the names of inputs begin with that another text is read from."""
UNKNOWN = 128
"""Tokens of a row where nothing says how many a model was trained on."""


def trained_length(model: Served, name: str = "token_ids") -> int:
    """How many tokens the rows of an input had in training."""
    backbone, batching = model.task.backbone, model.batching
    framed = model.frame().length
    known = (getattr(batching, one, None) for one in ("sequence_length", "segment_length"))
    tries = [framed, *known] if name.startswith(ENCODER) else [*known, framed]
    limit = _limit(backbone, name)
    found = next((one for one in tries if one), limit or UNKNOWN)
    return min(found, limit or found)


def _limit(backbone: Any, name: str) -> int | None:
    reads = name.startswith(ENCODER)
    return backbone.max_source_length if reads else backbone.max_sequence_length


def around(model: Served, name: str = "token_ids") -> tuple[list[int], list[int]]:
    """The token ids that stand before and behind a text in an input: around what is read; what is
    written goes on behind one token."""
    tokenizer, frame = model.tokenizer, model.frame()
    if name.startswith(ENCODER) or not _writes(model):
        return list(frame.before), [frame.end]
    start = tokenizer.start_token_id if f"{ENCODER}token_ids" in model.task.input else None
    return [tokenizer.end_token_id if start is None else start], []


def _writes(model: Served) -> bool:
    """Whether its `token_ids` are what it writes."""
    kind = to_config(model.task)["kind"]
    return kind == "causal_lm" or f"{ENCODER}token_ids" in model.task.input


def examples(model: Served, number: int, lengths: dict[str, int]) -> dict[str, np.ndarray]:
    """So many rows for all inputs of a task, the first full and the next ones padded; `lengths`:
    how many tokens they have, by the names of inputs. Or so many pictures."""
    if "images" in model.task.input:
        return {"images": _shades(model, number)}
    read = model.tokenizer.read(np.frombuffer(SENTENCE.encode(), "uint8"))
    found = {}
    for name, like in model.task.input.items():
        part = ENCODER if name.startswith(ENCODER) else ""
        ids, real = _rows(model, f"{part}token_ids", read, number, lengths[name])
        told = {f"{part}token_ids": ids, f"{part}padding_mask": real}
        if name == "encoder_images":
            told[name] = _shades(model, number)
        found[name] = told.get(name, np.zeros(ids.shape, like.dtype))
    return found


def _shades(model: Served, number: int) -> np.ndarray:
    """So many pictures of the size that a model looks at, each darker than the last."""
    shades = np.stack([colours(*model.picture)] * number).astype("float32")
    return shades / np.arange(1, number + 1)[:, None, None, None]


def _rows(model: Served, name: str, read: np.ndarray, number: int, length: int) -> tuple:
    """Token ids int32 `b t`, and which are there, bool `b t`."""
    before, behind = around(model, name)
    ids = model.frame().padding(number, length)
    sizes = np.maximum(1, length - np.arange(number) * (length // 4))
    for place, size in enumerate(sizes):
        text = np.resize(np.roll(read, -place), max(0, size - len(before) - len(behind)))
        ids[place, :size] = [*before, *text, *behind][:size]
    return ids, np.arange(length)[None] < sizes[:, None]
