"""What a trained run attends to: the weights of its heads, by token or by line."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.attention import Attention
from zoo.attention.cross import Cross
from zoo.attention.kernels._watched import Watched
from zoo.core.errors import ZooError
from zoo.core.kinds import to_config
from zoo.data.sources import Document
from zoo.generation.write import Sampling, Writer
from zoo.recipe import build
from zoo.recipe.layers import attentions
from zoo.recipe.load import Resolved
from zoo.tasks import KERAS_HUB_CAUSAL_LM
from zoo.tokenizers import Tokenizer
from zoo.training.run import load_task, resolve

MOST_READ, MOST_WRITTEN = 2048, 32
"""Tokens of a text whose weights are held at once, and tokens a model may write in answer."""
KNOWN = {"token_ids", "padding_mask", "segment_ids", "encoder_token_ids", "encoder_padding_mask"}
"""What can be told of a text, or need not be."""


class Column(NamedTuple):
    """Keys that are looked at as one: a line, or a token alone."""

    text: str
    start: int
    stop: int
    supports: bool = False
    """Whether the answer follows from it."""


class AttentionMap(NamedTuple):
    """What each attention layer of a model looked at."""

    weights: dict[str, np.ndarray]
    """float32 `h q k` of each layer, by its name."""
    columns: dict[str, list[Column]]
    """The keys of each layer, in order: lines where a text has several, else tokens."""
    answer: str = ""
    """What the model wrote; empty where it writes no answer."""

    def by_column(self, name: str) -> np.ndarray:
        """What a layer's heads gave to each column, in the mean of all queries: float32 `h c`."""
        mean = self.weights[name].mean(axis=1)
        parts = [mean[:, one.start : one.stop].sum(axis=1) for one in self.columns[name]]
        return np.stack(parts, axis=1)


def attention_map(
    run: Path,
    text: str | None = None,
    document: int | None = None,
    overrides: list[str] | None = None,
) -> AttentionMap:
    """What a run looks at in a text, or in a held-out document, counted from 0. Raises ZooError."""
    recipe = resolve(run, overrides)
    if (text is None) == (document is None):
        raise ZooError("expected a text, or the number of a held-out document: one of them.")
    asked = Document("text", np.frombuffer(os.fsencode(text or ""), "uint8"))
    asked = asked if document is None else _held_out(recipe, document)
    task, tokenizer = load_task(run, recipe), build.tokenizer(recipe)
    read = tokenizer.read(asked.data)
    _check(task, read.size)
    if "encoder_token_ids" in task.input:
        return _answering(recipe, task, tokenizer, asked, read)
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    writes = isinstance(task, KERAS_HUB_CAUSAL_LM)
    around = ([end], []) if writes else ([one for one in (start,) if one is not None], [end])
    token_ids = np.concatenate([around[0], read, around[1]])[None].astype("int32")
    found = weights(task, {"token_ids": token_ids, "padding_mask": np.ones_like(token_ids, bool)})
    keys = columns(asked, tokenizer, len(around[0]), token_ids.shape[1])
    return AttentionMap(_first(found), dict.fromkeys(found, keys))


def _check(task: Any, size: int) -> None:
    """Raises ZooError for a text that the model cannot be shown as it is."""
    if unknown := sorted(set(task.input) - KNOWN):
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
) -> AttentionMap:
    """What an encoder looks at in the text, and a decoder in the text and in its own answer."""
    if not isinstance(task, KERAS_HUB_CAUSAL_LM):
        raise ZooError(f"a {type(task).__name__} does not write from left to right.")
    told = build.batching(recipe).frame(tokenizer).rows([read])
    size = int(told["padding_mask"].sum())
    source = {f"encoder_{name}": x[:, :size] for name, x in told.items()}
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    begun = np.array([end if start is None else start], "int32")
    greedy = Sampling(temperature=0.0)
    answer = list(Writer(task).write(begun, MOST_WRITTEN, greedy, (end,), source))
    token_ids = np.array([[*begun, *answer[:-1]]], "int32")
    mask = np.ones_like(token_ids, bool)
    found = weights(task, {**source, "token_ids": token_ids, "padding_mask": mask})
    keys = columns(asked, tokenizer, int(start is not None), size)
    written = [Column("start", 0, 1), *_tokens(tokenizer, np.array(answer[:-1], "int32"), 1)]
    within = [one for one in attentions(task.backbone.decoder) if not isinstance(one, Cross)]
    own = {name for name, layer in layers(task.backbone) if layer in within}
    of = {name: written if name in own else keys for name in found}
    text = b"".join(tokenizer.stream(answer)).decode(errors="replace")
    return AttentionMap(_first(found), of, text)


def _first(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: one[0] for name, one in found.items()}


def layers(backbone: Any) -> Iterator[tuple[str, Attention]]:
    """The attention layers of a model by their names, such as `decoder 0 cross_attention`."""
    stacks = {name: getattr(backbone, name, None) for name in ("encoder", "decoder")}
    for stack, inside in stacks.items() if all(stacks.values()) else [("layer", backbone)]:
        for number, block in enumerate(getattr(inside, "transformer_layers", [])):
            for layer in attentions(block):
                yield f"{stack} {number} {layer.name}", layer


def weights(task: Any, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """What a task takes -> the weights of its attention layers, float32 `b h q k`, by their names.
    Raises ZooError where there is no attention, or one that makes no such table."""
    named = dict(layers(task.backbone))
    if not named:
        raise ZooError(f"a {type(task.backbone).__name__} has no attention that can be drawn.")
    before = {name: layer.kernel for name, layer in named.items()}
    watched = {name: Watched() for name in named}
    try:
        for name, layer in named.items():
            layer.kernel = watched[name]
        task.run({name: ops.convert_to_tensor(x) for name, x in inputs.items()})
    finally:
        for name, layer in named.items():
            layer.kernel = before[name]
    for name, layer in named.items():
        if len(watched[name].seen) != 1:
            kind = to_config(layer)["kind"]
            raise ZooError(f"{name}: {kind} makes no single table of weights, which can be drawn.")
    return {name: np.array(watched[name].seen[0]) for name in named}


def columns(asked: Document, tokenizer: Tokenizer, first: int, length: int) -> list[Column]:
    """What the keys of a text are, of which the first token of the text is key `first` and there
    are `length`: its lines where there are several, else its tokens, and what stands around."""
    lines = asked.data.tobytes().splitlines(keepends=True)
    if len(lines) > 1:
        inside = _lines(asked, lines, tokenizer, first)
    else:
        inside = _tokens(tokenizer, tokenizer.read(asked.data), first)
    around = [Column("start", 0, first), *inside, Column("end", inside[-1].stop, length)]
    cut = [one._replace(stop=min(one.stop, length)) for one in around]
    return [one for one in cut if one.start < one.stop]


def _lines(asked: Document, lines: list[bytes], tokenizer: Tokenizer, first: int) -> list[Column]:
    ends = np.cumsum([len(line) for line in lines])
    stops = [first + read.size for read in tokenizer.read_all([asked.data[:end] for end in ends])]
    found = []
    for line, end, start, stop in zip(lines, ends, [first, *stops], stops):
        told = any(begin < end and last > end - len(line) for begin, last in asked.support)
        found.append(Column(line.decode(errors="replace").strip(), start, stop, told))
    return found


def _tokens(tokenizer: Tokenizer, token_ids: np.ndarray, first: int) -> list[Column]:
    pieces = tokenizer.pieces()
    texts = (pieces[token].decode(errors="replace") for token in token_ids.tolist())
    return [Column(text.strip() or text, at, at + 1) for at, text in enumerate(texts, first)]
