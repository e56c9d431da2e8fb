"""The attention layers of a model: which are alike, how each is computed, and how much that is."""

import json
from typing import Any, NamedTuple

import numpy as np

from zoo.attention import Attention
from zoo.attention.along_edges import AlongEdges
from zoo.attention.block_routed import BlockRouted
from zoo.attention.kernels import Rules
from zoo.attention.kernels._automatic import automatic
from zoo.attention.kernels._grids import grid_of, tiles_of
from zoo.attention.kernels.block_sparse import BlockSparse
from zoo.attention.lsh import Lsh
from zoo.attention.patterns._tiles import Grid
from zoo.core.kinds import to_config
from zoo.core.places import Places, span

MOST_NUMBERS = 6


class Way(NamedTuple):
    """How an attention is computed at a length. `pairs` of queries and keys are multiplied, in all
    heads together, out of `whole`."""

    kernel: str
    block_size: int | None
    pairs: int
    whole: int

    def __str__(self) -> str:
        if self.block_size is None:
            return self.kernel
        share = 100 * self.pairs / self.whole
        blocks = f"{self.kernel}, blocks of {self.block_size}"
        return f"{blocks}, {share:.3g} % of all pairs"


def attentions(model: Any) -> list[Attention]:
    """The attention layers of a model in order, or the one that is given."""
    layers = [model, *model._flatten_layers(include_self=False)]
    return list({id(each): each for each in layers if isinstance(each, Attention)}.values())


def distinct(layers: list[Attention]) -> list[tuple[list[int], Attention]]:
    """One of each group of layers written alike, and the numbers of all of them."""
    groups: dict[str, list[int]] = {}
    for number, layer in enumerate(layers):
        groups.setdefault(json.dumps(to_config(layer), default=str), []).append(number)
    return [(found, layers[found[0]]) for found in groups.values()]


def named(what: str, numbers: list[int]) -> str:
    """`layer 3`, `layers 0, 2, 4`."""
    few = ", ".join(map(str, numbers[:MOST_NUMBERS]))
    more = f" … {numbers[-1]}" if len(numbers) > MOST_NUMBERS else ""
    return f"{what}{'s' if len(numbers) > 1 else ''} {few}{more}"


def way(layer: Attention, length: int, num_slots: int = 0) -> Way:
    """How `length` tokens behind `num_slots` remembered ones are computed."""
    heads, whole = layer.num_heads, layer.num_heads * length * (length + num_slots)
    if isinstance(layer, AlongEdges):  # the edges are known when a graph is, not before
        return Way("edge by edge", None, heads * length, whole)
    if not num_slots and isinstance(layer, Lsh) and not layer._within_a_chunk(length):
        return Way("sorted chunks", layer.chunk_length, _hashed(layer, length), whole)
    if not num_slots and isinstance(layer, BlockRouted):
        return Way("picked blocks", layer.block_size, _picked(layer, length), whole)
    pattern = layer.seen if num_slots else layer.seen.sized(length)
    rules = Rules(_places(layer, length, num_slots), pattern, layer.position)
    kernel = layer.kernel or automatic(rules, heads)
    name, looked_at = to_config(kernel)["kind"], tiles_of(rules)
    if not isinstance(kernel, BlockSparse):
        return Way(name, None, whole, whole)
    grid = grid_of(rules, looked_at, kernel.block_size)
    return Way(name, grid.size, tiles(looked_at, grid, heads) * grid.size**2, whole)


def _hashed(layer: Lsh, length: int) -> int:
    """Pairs in the chunks of all rounds."""
    chunk, met = layer.chunk_length, 1 + layer.chunks_before + layer.chunks_after
    return layer.num_heads * layer.num_hashes * -(-length // chunk) * met * chunk**2


def _picked(layer: BlockRouted, length: int) -> int:
    """Pairs in the blocks that are near and in those that are picked."""
    grid, heads = Grid(layer.block_size, length, length), layer.num_heads
    return (tiles(layer.near, grid, heads) + heads * grid.rows() * layer.top_k) * grid.size**2


def _places(layer: Attention, length: int, num_slots: int) -> Places:
    everywhere = span(num_slots + length)
    shift = np.zeros(1, "int32") if num_slots else None
    marks = {name: (np.zeros((1, length), "int32"),) * 2 for name in layer.marks}
    return Places(everywhere[num_slots:], everywhere, shift, marks=marks)


def tiles(pattern: Any, grid: Grid, num_heads: int) -> int:
    """How many tiles a pattern touches in all heads together."""
    if not pattern.by_head:
        return num_heads * len(pattern.tiles(grid).row)
    return sum(len(pattern.tiles(grid, head).row) for head in range(num_heads))


def multiplications(model: Any, batch_size: int, length: int) -> int:
    """Of a forward pass: the tables of scores, their products with the values, and every kernel of
    weights once a token. What positions and embeddings add is not counted."""
    scored = sum(2 * way(layer, length).pairs * layer.head_dim for layer in attentions(model))
    weights = [variable for variable in model.trainable_variables if variable.name == "kernel"]
    return batch_size * (scored + length * sum(int(np.prod(w.shape)) for w in weights))
