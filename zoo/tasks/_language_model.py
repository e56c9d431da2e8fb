"""What all models share that score every token of a vocabulary at every place."""

from typing import Any

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones.transformer import Transformer
from zoo.core.initial import normal
from zoo.core.types import Given, NonNegativeFloat, PositiveFloat, PositiveInt, Probability
from zoo.tasks import Task
from zoo.tasks._cross_entropy import CrossEntropy
from zoo.tasks._output_bias import OutputBias


class LanguageModel(Task):
    """`tie_embeddings` scores tokens by their own embedding; `output_bias` adds a bias to each.

    Training minimises the cross-entropy with `label_smoothing` and with `z_loss` times the square
    of the logarithm of the softmax's sum (Chowdhery et al. 2022, section 5). With
    `loss_chunk_size`, the logits of that many tokens at a time are all there ever is of them.
    Raises ValueError where embeddings are tied to hidden states of another width.

    Call with `{"token_ids": int32 b t, "padding_mask": bool b t}` -> float32 logits `b t v`.
    """

    backbone_cls = Transformer

    def __init__(
        self,
        backbone: Given[Backbone],
        preprocessor=None,
        tie_embeddings: bool = True,
        output_bias: bool = False,
        initializer_range: PositiveFloat | None = None,
        label_smoothing: Probability = 0.0,
        z_loss: NonNegativeFloat = 0.0,
        loss_chunk_size: PositiveInt | None = None,
        **kwargs,
    ):
        width = backbone.output.shape[-1]
        if tie_embeddings and width != backbone.hidden_dim:
            raise ValueError(
                f"tie_embeddings needs hidden states of {backbone.hidden_dim} features, as wide as "
                f"an embedding, found {width}: set it to false, or join the streams to their mean."
            )
        # === Layers ===
        self.backbone, self.preprocessor = backbone, preprocessor
        self.initializer_range = initializer_range
        self.own_logits = None
        if not tie_embeddings:
            self.own_logits = self.scores(backbone.vocabulary_size, "token_logits")
        inside = {"dtype": backbone.dtype_policy}
        self.bias = OutputBias(name="output_bias", **inside) if output_bias else None

        # === Functional Model ===
        inputs = backbone.input
        super().__init__(inputs, self.logits(backbone.output), **kwargs)

        # === Config ===
        self.tie_embeddings, self.output_bias = tie_embeddings, output_bias
        self.label_smoothing, self.z_loss = label_smoothing, z_loss
        self.loss_chunk_size = loss_chunk_size

    def scores(self, number: int, name: str) -> keras.layers.Layer:
        """A projection to scores of so many things, without biases."""
        return keras.layers.Dense(
            number,
            use_bias=False,
            kernel_initializer=normal(self.initializer_range, self.backbone.output.shape[-1]),
            name=name,
            dtype=self.backbone.dtype_policy,
        )

    def transform(self, hidden: Any) -> Any:
        """Hidden states `b t d` -> what is compared with the embeddings, `b t d`."""
        return hidden

    def transforming(self) -> list:
        """The layers `transform` calls."""
        return []

    def logits(self, hidden):
        """`b t d` -> float32 `b t v`."""
        hidden = self.transform(hidden)
        if self.own_logits is None:
            scores = self.backbone.token_embedding(hidden, reverse=True)
        else:
            scores = self.own_logits(hidden)
        return ops.cast(scores if self.bias is None else self.bias(scores), "float32")

    def scoring(self):
        scores = self.own_logits or self.backbone.token_embedding
        return [layer for layer in (*self.transforming(), scores, self.bias) if layer]

    def measure(self, hidden, targets, weights, taught=None):
        cross_entropy = CrossEntropy(self.label_smoothing, self.z_loss)
        head, size = (self.logits, self.scoring()), self.loss_chunk_size
        return cross_entropy(*head, hidden, targets, weights, size, taught)

    def initial_state(self, batch_size, num_slots=0):
        return self.backbone.initial_state(batch_size, num_slots)
