"""The blocks and the attention layers of a model, by the names they are told of."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from zoo.attention import Attention
from zoo.attention.cross import Cross
from zoo.blocks import Block
from zoo.recipe.layers import attentions


class Stacked(NamedTuple):
    """A block of a model."""

    name: str
    """`layer 0`, `encoder 0`, `decoder 0`."""
    block: Block
    side: int
    """Which of the texts a model is told of goes through it, from 0: the one that is read first."""


class Looking(NamedTuple):
    """An attention layer of a model, and which texts its queries and its keys are of."""

    name: str
    layer: Attention
    queries: int
    keys: int
    grid: tuple[int, int] | None = None
    """The rows and columns of the picture that it looks around in. Tokens that are no places stand
    before those."""
    parts: int = 1
    """Into how many parts, one after another in the batch, it cuts a picture."""


def stacked(backbone: Any) -> Iterator[Stacked]:
    """The blocks of a model, in the order in which a text goes through them."""
    both = [getattr(backbone, name, None) for name in ("encoder", "decoder")]
    inside = [("encoder", both[0]), ("decoder", both[1])] if all(both) else [("layer", backbone)]
    for side, (name, stack) in enumerate(inside):
        for number, block in enumerate(getattr(stack, "transformer_layers", [])):
            yield Stacked(f"{name} {number}", block, side)


def looking(backbone: Any) -> Iterator[Looking]:
    """Its attention layers, in that order, such as `decoder 0 cross_attention`; those that make a
    picture smaller first, such as `stage 3 1 attention`."""
    for block in getattr(backbone, "image_layers", []):
        layers = attentions(block)
        for number, layer in enumerate(layers):
            which = f" {number}" * (len(layers) > 1)
            name = f"{block.name}{which} {layer.name}".replace("_", " ")
            yield Looking(name, layer, 0, 0, layer.key_grid, block.num_parts)
    for name, block, side in stacked(backbone):
        for layer in attentions(block):
            keys = 0 if isinstance(layer, Cross) else side
            yield Looking(f"{name} {layer.name}", layer, side, keys, layer.key_grid)
