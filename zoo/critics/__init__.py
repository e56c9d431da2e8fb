"""A critic tells pictures from pictures that were made: an adversary in training (Goodfellow et al.
2014)."""

from typing import Any

from zoo.core.layer import LayerKind
from zoo.core.types import NonNegativeFloat, NonNegativeInt


class Critic(LayerKind):
    """The contract of every critic. From batch `start` on it is trained, and what it says of
    pictures that were made counts `weight` times as much as their likeness, by what both do to the
    last layer of those who made them."""

    shelf = "critics"

    def __init__(self, start: NonNegativeInt = 0, weight: NonNegativeFloat = 0.8, **kwargs):
        super().__init__(**kwargs)
        self.start, self.weight = start, weight

    def call(self, images: Any, training: Any = None) -> Any:
        """Pictures float32 `b y x c`, -1 is black and 1 white -> how real their parts look, float32
        `b y x`; 0 is neither."""
        raise NotImplementedError
