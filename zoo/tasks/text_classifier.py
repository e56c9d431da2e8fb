"""Say which class a text belongs to (Devlin et al. 2019, section 3.2)."""

from typing import Literal

from keras import ops

from zoo.core.activations import ACTIVATIONS
from zoo.core.types import Activation, PositiveInt
from zoo.tasks import KERAS_HUB_TEXT_CLASSIFIER
from zoo.tasks._classifying import Classifying
from zoo.tasks._head import Head, tokens_of


class TextClassifier(Classifying, Head, KERAS_HUB_TEXT_CLASSIFIER):
    """`pooling` makes one vector of a text: that of its first token (BERT) or of its last (GPT), or
    the mean of all. One more layer with an `activation` stands before the scores.

    Call with `{"token_ids": int32 b t, "padding_mask": bool b t}` -> float32 logits `b c`.
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        pooling: Literal["first", "last", "mean"] = "first",
        activation: Activation = "tanh",
        **kwargs,
    ):
        self.num_classes, self.pooling, self.activation = num_classes, pooling, activation
        super().__init__(**kwargs)

    def make_head(self):
        self.pooled_dense = self.dense(self.backbone.output.shape[-1], "pooled_dense")
        self.output_dense = self.dense(self.num_classes, "logits")

    def encode(self, inputs, state=()):
        """The scores of each text, float32 `b c`."""
        hidden, state = super().encode(inputs, state)
        pooled = self.pooled_dense(POOLINGS[self.pooling](hidden, tokens_of(inputs)))
        pooled = self.drop(ACTIVATIONS[self.activation](pooled))
        return ops.cast(self.output_dense(pooled), "float32"), state


def _last(hidden, tokens):
    place = ops.maximum(ops.sum(ops.cast(tokens, "int32"), axis=1) - 1, 0)
    return ops.take_along_axis(hidden, place[:, None, None], axis=1)[:, 0]


def _mean(hidden, tokens):
    weights = ops.cast(tokens, hidden.dtype)[..., None]
    return ops.sum(hidden * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1)


POOLINGS = {"first": lambda hidden, _: hidden[:, 0], "last": _last, "mean": _mean}
"""Hidden states `b t d` and which are tokens, bool `b t` -> `b d`."""
