"""The blocks of a stack, as backbones make them."""

from typing import Any

from zoo.blocks import Block
from zoo.core.errors import ZooError
from zoo.core.kinds import as_list, make


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
        if number:
            block.tie(layers[0])
    return layers
