"""Say which class every token belongs to (Devlin et al. 2019, section 4)."""

from keras import ops

from zoo.core.types import PositiveInt
from zoo.tasks import KERAS_HUB_TASK
from zoo.tasks._classifying import Classifying
from zoo.tasks._head import Head


class TokenClassifier(Classifying, Head, KERAS_HUB_TASK):
    """Call with `{"token_ids": int32 b t, "padding_mask": bool b t}` -> float32 logits `b t c`."""

    def __init__(self, num_classes: PositiveInt, **kwargs):
        self.num_classes = num_classes
        super().__init__(**kwargs)

    def make_head(self):
        self.output_dense = self.dense(self.num_classes, "logits")

    def encode(self, inputs, state=()):
        """The scores of each token, float32 `b t c`."""
        hidden, state = super().encode(inputs, state)
        return ops.cast(self.output_dense(self.drop(hidden)), "float32"), state
