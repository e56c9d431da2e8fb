"""Predict the next token; write text."""

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones.transformer import Transformer
from zoo.core.types import Given, NonNegativeFloat, PositiveFloat, PositiveInt, Probability
from zoo.tasks import KERAS_HUB_CAUSAL_LM, Task
from zoo.tasks._cross_entropy import CrossEntropy
from zoo.tasks._output_bias import OutputBias


class CausalLM(Task, KERAS_HUB_CAUSAL_LM):
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
        initializer_range: PositiveFloat = 0.02,
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
        inside = {"dtype": backbone.dtype_policy}
        self.own_logits = None
        if not tie_embeddings:
            initializer = keras.initializers.RandomNormal(initializer_range)
            self.own_logits = keras.layers.Dense(
                backbone.vocabulary_size,
                use_bias=False,
                kernel_initializer=initializer,
                name="token_logits",
                **inside,
            )
        self.bias = OutputBias(name="output_bias", **inside) if output_bias else None

        # === Functional Model ===
        inputs = backbone.input
        super().__init__(inputs, self.logits(backbone.output), **kwargs)

        # === Config ===
        self.tie_embeddings, self.output_bias = tie_embeddings, output_bias
        self.initializer_range = initializer_range
        self.label_smoothing, self.z_loss = label_smoothing, z_loss
        self.loss_chunk_size = loss_chunk_size

    def logits(self, hidden):
        """`b t d` -> float32 `b t v`."""
        if self.own_logits is None:
            scores = self.backbone.token_embedding(hidden, reverse=True)
        else:
            scores = self.own_logits(hidden)
        return ops.cast(scores if self.bias is None else self.bias(scores), "float32")

    def measure(self, hidden, targets, weights):
        layers = [self.own_logits or self.backbone.token_embedding, self.bias]
        cross_entropy = CrossEntropy(self.label_smoothing, self.z_loss)
        head = self.logits, [layer for layer in layers if layer]
        return cross_entropy(*head, hidden, targets, weights, self.loss_chunk_size)

    def run(self, inputs, state=()):
        hidden, state = self.backbone.run(inputs, state)
        return self.logits(hidden), state

    def initial_state(self, batch_size, num_slots=0):
        return self.backbone.initial_state(batch_size, num_slots)

    def generate_step(self, inputs, stop_token_ids=None):
        """What KerasHub's `generate` compiles: prompts `b t`, padded to the end wanted -> `b t`."""
        token_ids, mask = inputs["token_ids"], ops.cast(inputs["padding_mask"], "bool")
        batch_size, length = ops.shape(token_ids)
        start = ops.min(ops.sum(ops.cast(mask, "int32"), axis=-1))
        begun = ops.broadcast_to(ops.arange(length)[None] < start - 1, (batch_size, length))
        state = self.initial_state(batch_size, length)
        _, state = self.backbone.run({"token_ids": token_ids, "padding_mask": begun}, state)

        def step(prompt, state, index):
            last = ops.slice(prompt, (0, index - 1), (batch_size, 1))
            hidden, state = self.backbone.run({"token_ids": last}, state)
            return self.logits(hidden)[:, 0], hidden, state

        written = self.sampler(
            step,
            token_ids,
            state,
            index=start,
            mask=mask,
            stop_token_ids=stop_token_ids,
            model=self,
        )
        return {"token_ids": written, "padding_mask": ops.ones_like(written, "bool")}
