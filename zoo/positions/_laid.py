"""What positions share that are made of others: the vectors these have for their places."""

from typing import Any

from keras import ops

from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.positions import Position, embeds


def of_embedding(written: Any, path: str, **given: Any) -> Position:
    """A position that adds something to an embedding. Raises ZooError at a path for any other."""
    made = make(Position, written, **given)
    if not embeds(made) or type(made).embed is Position.embed:
        kind = to_config(made)["kind"]
        raise ZooError(f"found {kind}, expected one for an embedding.", path)
    return made


def vectors(position: Position, number: int, x: Any) -> Any:
    """What a position adds to its first `number` places of an embedding like x `b t d`: `n d`."""
    return position.embed(ops.zeros((1, number, x.shape[-1]), x.dtype))[0]
