"""Say which class a picture belongs to."""

from typing import Literal

import keras
from keras import ops

from zoo.core.activations import ACTIVATIONS
from zoo.core.errors import ZooError
from zoo.core.types import Activation, PositiveFloat, PositiveInt
from zoo.tasks import KERAS_HUB_IMAGE_CLASSIFIER
from zoo.tasks._classifying import Classifying
from zoo.tasks._head import Head


class ImageClassifier(Classifying, Head, KERAS_HUB_IMAGE_CLASSIFIER):
    """`pooling` makes one vector of a picture: the mean of its places, or that of the first, a
    class token. It is normalised if `pooled_norm` says so; a layer of `intermediate_dim` with an
    `activation` stands before the scores, if there shall be one. `labels` are the names of the
    classes, where they are known. Raises ZooError for more or fewer names than classes.

    Call with `{"images": b y x c, 0 to 255}` -> float32 logits `b c`.
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        pooling: Literal["mean", "first"] = "mean",
        pooled_norm: bool = False,
        layer_norm_epsilon: PositiveFloat = 1e-6,
        intermediate_dim: PositiveInt | None = None,
        activation: Activation = "tanh",
        labels: list[str] | None = None,
        **kwargs,
    ):
        if labels and len(labels) != num_classes:
            raise ZooError(f"found {len(labels):,}, expected {num_classes:,}.", "labels")
        self.labels = labels
        self.num_classes, self.pooling, self.pooled_norm = num_classes, pooling, pooled_norm
        self.layer_norm_epsilon = layer_norm_epsilon
        self.intermediate_dim, self.activation = intermediate_dim, activation
        super().__init__(**kwargs)

    def make_head(self):
        like = {"name": "pooled_norm", "dtype": self.backbone.dtype_policy}
        norm = keras.layers.LayerNormalization
        self.norm = self.pooled_norm and norm(epsilon=self.layer_norm_epsilon, **like)
        wide = self.intermediate_dim
        self.pooled_dense = wide and self.dense(wide, "pooled_dense")
        self.output_dense = self.dense(self.num_classes, "logits")

    def encode(self, inputs, state=()):
        """The scores of each picture, float32 `b c`."""
        hidden, state = super().encode(inputs, state)
        pooled = hidden[:, 0] if self.pooling == "first" else ops.mean(hidden, axis=1)
        pooled = self.norm(pooled) if self.norm else pooled
        if self.pooled_dense:
            pooled = ACTIVATIONS[self.activation](self.pooled_dense(pooled))
        return ops.cast(self.output_dense(self.drop(pooled)), "float32"), state

    def measure(self, hidden, targets, weights, taught=None):
        """The scores of pictures, float32 `b c`; their classes, int `b k`, and how much each of
        these counts, float `b k`."""
        spread = lambda scores: ops.repeat(scores[:, None], targets.shape[1], axis=1)  # noqa: E731
        taught = taught and taught._replace(hidden=spread(taught.hidden))
        return super().measure(spread(hidden), targets, weights, taught)
