"""How a classifier is trained by `fit`, where nobody says otherwise."""

from typing import Any

import keras


class Classifying:
    """Stands before a class of KerasHub, which looks up activations that only it knows."""

    def compile(
        self, optimizer: Any = "auto", loss: Any = "auto", *, metrics: Any = "auto", **kwargs: Any
    ) -> None:
        """As `keras.Model.compile`; `auto` is Adam with 5e-5, the cross-entropy of logits with int
        labels, and their accuracy."""
        if optimizer == "auto":
            optimizer = keras.optimizers.Adam(5e-5)
        if loss == "auto":
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        if metrics == "auto":
            metrics = [keras.metrics.SparseCategoricalAccuracy()]
        super().compile(optimizer, loss, metrics=metrics, **kwargs)
