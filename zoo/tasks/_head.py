"""What tasks share that put a head with a softmax on a backbone."""

from typing import Any

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones.transformer import Transformer
from zoo.core.initial import normal
from zoo.core.types import Given, PositiveFloat, Probability
from zoo.tasks import KERAS_HUB_TASK, Task
from zoo.tasks._cross_entropy import CrossEntropy


class Head(Task):
    """`encode` gives the scores. `dropout` is for what the head is given. Training minimises the
    cross-entropy, with `label_smoothing`."""

    backbone_cls = Transformer

    def __init__(
        self,
        backbone: Given[Backbone],
        preprocessor=None,
        dropout: Probability = 0.1,
        initializer_range: PositiveFloat | None = None,
        label_smoothing: Probability = 0.0,
        **kwargs,
    ):
        # === Layers ===
        self.backbone, self.preprocessor = backbone, preprocessor
        self.dropout, self.initializer_range = dropout, initializer_range
        self.label_smoothing = label_smoothing
        self.drop = keras.layers.Dropout(dropout, name="head_dropout", dtype=backbone.dtype_policy)
        self.make_head()

        # === Functional Model ===
        inputs = backbone.input
        # past KerasHub's own heads, which would make layers of theirs
        KERAS_HUB_TASK.__init__(self, inputs, self.run(inputs)[0], **kwargs)

    def make_head(self) -> None:
        """Make the layers of the head."""
        raise NotImplementedError

    def dense(self, size: int, name: str) -> keras.layers.Layer:
        """A projection to so many features."""
        initializer = normal(self.initializer_range, self.backbone.output.shape[-1])
        like = {"kernel_initializer": initializer, "dtype": self.backbone.dtype_policy}
        return keras.layers.Dense(size, name=name, **like)

    def logits(self, hidden):
        """What `encode` gives: a dropout does not know any more, when the loss is taken, that the
        model trains."""
        return hidden

    def measure(self, hidden, targets, weights, taught=None):
        cross_entropy = CrossEntropy(self.label_smoothing)
        return cross_entropy(self.logits, [], hidden, targets, weights, taught=taught)


def tokens_of(inputs: dict[str, Any]) -> Any:
    """Which places are tokens, bool `b t`."""
    mask = inputs.get("padding_mask")
    return ops.ones_like(inputs["token_ids"], "bool") if mask is None else mask
