"""The blocks of a stack, as whatever holds one makes them."""

from typing import Any

from zoo.blocks import Block
from zoo.core.errors import ZooError
from zoo.core.kinds import as_list, make, to_config


def stack(blocks: Any, num_layers: int, dtype: Any) -> list[Block]:
    """So many blocks, of one that is written or a list in turn. Each is told which it is, and
    shares with the first what is shared. Raises ZooError where none is written."""
    cycle = as_list(blocks or [])
    if num_layers and not cycle:
        raise ZooError(f"found nothing, expected what the {num_layers} layers are.", "blocks")
    layers = [
        make(Block, cycle[layer % len(cycle)], name=f"block_{layer}", dtype=dtype)
        for layer in range(num_layers)
    ]
    for number, block in enumerate(layers):
        block.stand_in(number)
        block.tie(layers[0])
    return layers


def over_places(blocks: Any, num_layers: int, dtype: Any) -> list[Block]:
    """A stack over the places of a picture. Raises ZooError for blocks of several streams."""
    layers = stack(blocks, num_layers, dtype)
    if any(block.num_streams > 1 for block in layers):
        raise ZooError("pictures are read in one stream, use other blocks.", "blocks")
    return layers


def written_again(blocks: Any, layers: list[Block]) -> list | None:
    """What makes the same stack again: its layers as far as they are told apart."""
    return to_config(layers[: len(as_list(blocks or []))]) or None
