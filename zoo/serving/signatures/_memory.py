"""What a signature hands on, as tensors with names."""

from typing import Any

from keras import tree

from zoo.serving.signatures import Specs, Tensors, spec


class Leaves:
    """The tensors of a nested value, batch first, called `memory_…`, by their places in it where
    no names are given; `like` is one of a row."""

    def __init__(self, like: Any, known: list[str] | None = None):
        self.like = like
        self.names = [f"memory_{name}" for name in known or names(like)]

    def specs(self) -> Specs:
        leaves = zip(self.names, tree.flatten(self.like))
        return [spec(leaf.dtype, [None, *leaf.shape[1:]], name) for name, leaf in leaves]

    def pack(self, tensors: Tensors) -> Any:
        """The value of the tensors with their names, which are taken out."""
        return tree.pack_sequence_as(self.like, [tensors.pop(name) for name in self.names])

    def unpack(self, value: Any) -> Tensors:
        return dict(zip(self.names, tree.flatten(value)))


def names(state: Any) -> list[str]:
    """What the tensors of a state are called, by layer and field, such as `0_attended_key`."""
    if isinstance(state, tuple) and not hasattr(state, "_fields"):
        state = {str(place): part for place, part in enumerate(state)}
    elif isinstance(state, tuple):
        state = state._asdict()
    else:
        return [""]
    parts = ((name, names(part)) for name, part in state.items())
    return [f"{name}_{below}".rstrip("_") for name, found in parts for below in found]
