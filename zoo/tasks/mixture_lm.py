"""Predict the next colour of a picture, all its channels at once, as a mixture of logistics
(Salimans et al. 2017, PixelCNN++; Parmar et al. 2018, Image Transformer, section 3.2)."""

from typing import Any

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones.transformer import Transformer
from zoo.core.colours import joined, real, split
from zoo.core.initial import normal
from zoo.core.types import Given, Literal, PositiveFloat, PositiveInt
from zoo.tasks import KERAS_HUB_TASK, Measured, Task
from zoo.tasks._logistics import Mixture, size


class MixtureLM(Task, KERAS_HUB_TASK):
    """For tokens of the tokenizer `colours`. Every place tells a mixture of `num_mixtures`; the
    likeliest colour is the likeliest value of each channel behind those before it.

    Call with `{"token_ids": int32 b t}` -> what tells the mixtures, float32 `b t n`.
    """

    backbone_cls = Transformer

    def __init__(
        self,
        backbone: Given[Backbone],
        preprocessor=None,
        num_mixtures: PositiveInt = 10,
        num_channels: Literal[1, 3] = 3,
        initializer_range: PositiveFloat | None = None,
        **kwargs,
    ):
        # === Layers ===
        self.backbone, self.preprocessor = backbone, preprocessor
        self.mixtures = keras.layers.Dense(
            size(num_mixtures, num_channels),
            kernel_initializer=normal(initializer_range, backbone.output.shape[-1]),
            name="mixtures",
            dtype=backbone.dtype_policy,
        )

        # === Functional Model ===
        inputs = backbone.input
        super().__init__(inputs, self.logits(backbone.output), **kwargs)

        # === Config ===
        self.num_mixtures, self.num_channels = num_mixtures, num_channels
        self.initializer_range = initializer_range

    def logits(self, hidden):
        return ops.cast(self.mixtures(hidden), "float32")

    def mixture(self, hidden: Any) -> Mixture:
        """Hidden states `… d` -> what is said of the next colour."""
        return Mixture.of(self.logits(hidden), self.num_channels)

    def measure(self, hidden, targets, weights, taught=None):
        mixture, colours = self.mixture(hidden), split(targets, self.num_channels)
        weights = ops.cast(weights, "float32")
        total = ops.maximum(ops.sum(weights), 1.0)
        nats = ops.sum(-mixture.log_likelihood(colours) * weights) / total
        likeliest = [
            ops.argmax(mixture.scores(channel, colours), axis=-1)
            for channel in range(self.num_channels)
        ]
        hits = ops.cast(joined(likeliest) == ops.cast(targets, "int32"), "float32")
        return Measured(nats, nats, ops.sum(hits * weights) / total)

    def draw(self, hidden, pick):
        mixture, values = self.mixture(hidden), []
        for channel in range(self.num_channels):
            known = [real(value) for value in values]
            unknown = [ops.zeros_like(mixture.weights[..., 0])] * (self.num_channels - channel)
            colours = ops.stack([*known, *unknown], axis=-1)
            values.append(pick(mixture.scores(channel, colours), channel))
        return joined(values)

    def initial_state(self, batch_size, num_slots=0):
        return self.backbone.initial_state(batch_size, num_slots)
