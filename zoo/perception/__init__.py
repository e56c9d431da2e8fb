"""How far apart two pictures look: what a loss of single places does not see."""

from typing import Any

from zoo.core.layer import LayerKind


class Perception(LayerKind):
    """The contract of every such distance. It is not trained, and no part of a model."""

    shelf = "perception"

    def build(self, seen_shape: Any, wanted_shape: Any = None) -> None:
        self.built = True

    def call(self, seen: Any, wanted: Any) -> Any:
        """Pictures float32 `b y x c`, 0 is black and 1 white -> how far each is from what is
        wanted, float32 `b`."""
        raise NotImplementedError
