"""Which weights of image models of others are which of ours, whatever they are called there."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from zoo.convert.weights import (
    Weight,
    beside,
    convolution,
    linear,
    norm,
    statistics,
)

Names = tuple[str, str]
"""Of a convolution, and of the norm behind it."""


def normal(name: str, layer: Any) -> Iterator[Weight]:
    """A norm of a block, and what it keeps of the batches it has seen."""
    return kept(name, layer.normalize)


def kept(name: str, layer: Any) -> Iterator[Weight]:
    """A norm, and what it keeps of the batches it has seen."""
    yield from norm(name, layer)
    if hasattr(layer, "moving_mean"):
        yield from statistics(name, layer)


def convolved(names: Names, conv: Any, normed: Any) -> Iterator[Weight]:
    """A convolution and the norm behind it."""
    yield from convolution(names[0], conv)
    yield from normal(names[1], normed)


def bottleneck(block: Any, shortcut: Names, parts: list[Names]) -> Iterator[Weight]:
    """A bottleneck; `parts` are the three of its branch, the second without attention alone."""
    if block.project:
        yield from convolved(shortcut, block.project, block.project_norm)
    for part, names in zip(("narrow", "middle", "widen"), parts):
        if part != "middle" or not block.attention:
            yield from convolved(names, getattr(block, part), getattr(block, f"{part}_norm"))


def in_stages(blocks: list[Any], name: str, first: int = 0) -> Iterator[tuple[str, Any]]:
    """Blocks, and what each is called: by its stage, counted from `first`, and its place in it. A
    stage begins where the picture becomes deeper or smaller."""
    place, layer, depth = first - 1, 0, None
    for block in blocks:
        begins = block.strides > 1 or block.hidden_dim != depth
        place, layer, depth = place + begins, 0 if begins else layer + 1, block.hidden_dim
        yield name.format(place, layer), block


def projections(attention: Any) -> list[Any]:
    return [attention.query, attention.key, attention.value]


def head_by_head(name: str, attention: Any) -> Iterator[Weight]:
    """Queries, keys and values of each head beside one another: `(h 3 e) d 1 1`."""
    parts = projections(attention)
    heads = (attention.num_heads, 3, attention.head_dim)

    def kernels(theirs: np.ndarray) -> list[np.ndarray]:
        return list(theirs.reshape(*heads, -1).transpose(1, 3, 0, 2))

    def kernel(ours: list[np.ndarray]) -> np.ndarray:
        joined = np.stack(ours).transpose(2, 0, 3, 1)
        return joined.reshape(-1, joined.shape[-1], 1, 1)

    def biases(theirs: np.ndarray) -> list[np.ndarray]:
        return list(theirs.reshape(heads).transpose(1, 0, 2))

    def bias(ours: list[np.ndarray]) -> np.ndarray:
        return np.stack(ours, axis=1).ravel()

    yield Weight(f"{name}.weight", [one.kernel for one in parts], kernels, kernel)
    yield Weight(f"{name}.bias", [one.bias for one in parts], biases, bias)


def side_by_side(name: str, attention: Any) -> Iterator[Weight]:
    """Queries, then keys, then values: `(3 h e) d 1 1`."""
    weight, *_ = beside(name, projections(attention), by_outputs=True)
    split = lambda theirs: weight.split(theirs[..., 0, 0])  # noqa: E731
    yield weight._replace(split=split, join=lambda ours: weight.join(ours)[..., None, None])


def steps(name: str, table: Any) -> Weight:
    """Biases by the step from the key to the query, `(y x) h`; ours by the step back, `h y x`."""

    def split(theirs: np.ndarray) -> list[np.ndarray]:
        return [theirs.T.reshape(table.shape)[:, ::-1, ::-1]]

    def join(ours: list[np.ndarray]) -> np.ndarray:
        return ours[0][:, ::-1, ::-1].reshape(len(ours[0]), -1).T

    return Weight(name, [table], split, join)


def lines(name: str, table: Any, scale: float) -> Weight:
    """Vectors by the step along an axis. Queries meet theirs as they are, ours in parts of
    `scale`."""
    grow, shrink = np.float32(1 / scale), np.float32(scale)
    return Weight(name, [table], lambda theirs: [theirs * grow], lambda ours: ours[0] * shrink)


def in_one(name: str, table: Any) -> Weight:
    """A table that is a batch of one in theirs."""
    return Weight(name, [table], lambda theirs: [theirs[0]], lambda ours: ours[0][None])


def fed(names: tuple[str, str], feed_forward: Any, each: Any = linear) -> Iterator[Weight]:
    """The two projections of a feed-forward network; `place_by_place` where they are `Conv2d`."""
    yield from each(names[0], feed_forward.widen)
    yield from each(names[1], feed_forward.narrow)


def layer(name: str, block: Any) -> Iterator[Weight]:
    """A layer of a Transformer as timm has it."""
    attention = block.attention
    yield from norm(f"{name}norm1", block.attention_norm)
    yield from beside(f"{name}attn.qkv", projections(attention), by_outputs=True)
    yield from linear(f"{name}attn.proj", attention.attention_output, inputs=2)
    yield from norm(f"{name}norm2", block.feed_forward_norm)
    yield from fed((f"{name}mlp.fc1", f"{name}mlp.fc2"), block.feed_forward)
