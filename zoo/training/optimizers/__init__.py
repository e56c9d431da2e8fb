"""Keras's optimizers, as recipes name them."""

from typing import Any

import keras

from zoo.core.kinds import Kind


class Optimizer(Kind):
    """The contract of every optimizer: options in, a Keras optimizer out."""

    shelf = "training/optimizers"

    def build(self, learning_rate: Any, **common: Any) -> keras.optimizers.Optimizer:
        """`common` is what all Keras optimizers take: clipping, accumulation, moving average."""
        raise NotImplementedError
