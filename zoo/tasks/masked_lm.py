"""Predict tokens that were hidden in a text (Devlin et al. 2019, section 3.1)."""

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.core.activations import ACTIVATIONS
from zoo.core.initial import normal
from zoo.core.types import Activation, Given, PositiveFloat
from zoo.tasks import KERAS_HUB_MASKED_LM
from zoo.tasks._language_model import LanguageModel


class MaskedLM(LanguageModel, KERAS_HUB_MASKED_LM):
    """Hidden states go through one more layer, `activation` and a norm before they are scored.

    With the input `mask_positions`, int32 `b p`, only those places are: logits `b p v`.
    """

    def __init__(
        self,
        backbone: Given[Backbone],
        activation: Activation = "gelu",
        layer_norm_epsilon: PositiveFloat = 1e-12,
        initializer_range: PositiveFloat | None = None,
        output_bias: bool = True,
        **kwargs,
    ):
        inside = {"dtype": backbone.dtype_policy}
        self.activation, self.layer_norm_epsilon = activation, layer_norm_epsilon
        self.dense = keras.layers.Dense(
            backbone.output.shape[-1],
            kernel_initializer=normal(initializer_range, backbone.output.shape[-1]),
            name="transform_dense",
            **inside,
        )
        self.norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, name="transform_norm", **inside
        )
        super().__init__(
            backbone=backbone,
            initializer_range=initializer_range,
            output_bias=output_bias,
            **kwargs,
        )

    def transform(self, hidden):
        return self.norm(ACTIVATIONS[self.activation](self.dense(hidden)))

    def transforming(self):
        return [self.dense, self.norm]

    def encode(self, inputs, state=()):
        hidden, state = super().encode(inputs, state)
        if (places := inputs.get("mask_positions")) is not None:
            hidden = ops.take_along_axis(hidden, places[..., None], axis=1)
        return hidden, state
