"""Say which class a picture belongs to."""

from typing import Any, Literal

import keras
from keras import ops

from zoo.core.activations import ACTIVATIONS
from zoo.core.types import Activation, PositiveFloat, PositiveInt
from zoo.tasks import KERAS_HUB_IMAGE_CLASSIFIER
from zoo.tasks._classifying import Classifying
from zoo.tasks._head import Head
from zoo.tasks._labels import named


class ImageClassifier(Classifying, Head, KERAS_HUB_IMAGE_CLASSIFIER):
    """`pooling` makes one vector of a picture: the mean of its places, or that of the first, a
    class token. It is normalised, by a `norm`, if `pooled_norm` says so; a layer of
    `intermediate_dim` with an `activation` stands before the scores, if there shall be one. Of
    `num_heads` that score, each with its norm, the mean counts: LeViT has a second, for what its
    teacher says. `labels` are the names of the classes, where they are known. Raises ZooError for
    more or fewer names than classes.

    Call with `{"images": b y x c, 0 to 255}` -> float32 logits `b c`.
    """

    def __init__(
        self,
        num_classes: PositiveInt,
        pooling: Literal["mean", "first"] = "mean",
        pooled_norm: bool = False,
        norm: Literal["layer_norm", "batch_norm"] = "layer_norm",
        layer_norm_epsilon: PositiveFloat = 1e-6,
        intermediate_dim: PositiveInt | None = None,
        activation: Activation = "tanh",
        num_heads: PositiveInt = 1,
        labels: list[str] | None = None,
        **kwargs,
    ):
        self.labels = named(labels, num_classes)
        self.num_classes, self.pooling, self.pooled_norm = num_classes, pooling, pooled_norm
        self.norm, self.layer_norm_epsilon = norm, layer_norm_epsilon
        self.intermediate_dim, self.activation = intermediate_dim, activation
        self.num_heads = num_heads
        super().__init__(**kwargs)

    def make_head(self):
        wide = self.intermediate_dim
        self.pooled_dense = wide and self.dense(wide, "pooled_dense")
        ends = ["", *(f"_{head}" for head in range(1, self.num_heads))]
        self.output_norms = [self.make_norm(f"pooled_norm{end}") for end in ends]
        self.output_denses = [self.dense(self.num_classes, f"logits{end}") for end in ends]
        self.output_norm, self.output_dense = self.output_norms[0], self.output_denses[0]

    def make_norm(self, name: str) -> keras.layers.Layer | None:
        """What normalises the vector of a picture."""
        if not self.pooled_norm:
            return None
        like = {"name": name, "dtype": self.backbone.dtype_policy}
        if self.norm == "batch_norm":
            like, kind = {"momentum": 0.9, **like}, keras.layers.BatchNormalization
        else:
            kind = keras.layers.LayerNormalization
        return kind(epsilon=self.layer_norm_epsilon, **like)

    def encode(self, inputs, state=()):
        """The scores of each picture, float32 `b c`."""
        pooled, state = self.pooled(inputs, state)
        heads = zip(self.output_norms, self.output_denses)
        scores = [self.score(pooled, *head) for head in heads]
        return sum(scores[1:], start=scores[0]) / len(scores), state

    def features(self, inputs: Any) -> Any:
        """What the first head scores of each picture, its last layer but one: `b d`."""
        return self.described(self.pooled(inputs)[0], self.output_norm)

    def pooled(self, inputs: Any, state: Any = ()) -> tuple[Any, Any]:
        """One vector of each picture, `b d`, and the next state."""
        hidden, state = super().encode(inputs, state)
        return hidden[:, 0] if self.pooling == "first" else ops.mean(hidden, axis=1), state

    def described(self, pooled: Any, norm: Any) -> Any:
        """The vectors of pictures, `b d`, as a head is given them."""
        pooled = norm(pooled) if norm else pooled
        if self.pooled_dense:
            pooled = ACTIVATIONS[self.activation](self.pooled_dense(pooled))
        return pooled

    def score(self, pooled: Any, norm: Any, dense: Any) -> Any:
        """The vectors of pictures, `b d` -> what one head scores, float32 `b c`."""
        return ops.cast(dense(self.drop(self.described(pooled, norm))), "float32")

    def measure(self, hidden, targets, weights, taught=None):
        """The scores of pictures, float32 `b c`; their classes, int `b k`, and how much each of
        these counts, float `b k`."""
        spread = lambda scores: ops.repeat(scores[:, None], targets.shape[1], axis=1)  # noqa: E731
        taught = taught and taught._replace(hidden=spread(taught.hidden))
        return super().measure(spread(hidden), targets, weights, taught)
