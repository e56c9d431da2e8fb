"""Say where in a text an answer begins and where it ends (Devlin et al. 2019, section 4.2)."""

from keras import ops

from zoo.attention.kernels import HIDDEN
from zoo.tasks import KERAS_HUB_TASK
from zoo.tasks._head import Head, tokens_of


class SpanQa(Head, KERAS_HUB_TASK):
    """Call with `{"token_ids": int32 b t, "padding_mask": bool b t}` -> float32 logits `b 2 t`, of
    the first token of the answer and of its last. Targets are their places, int `b 2`."""

    def make_head(self):
        self.output_dense = self.dense(2, "logits")

    def encode(self, inputs, state=()):
        """The scores of all places, `b 2 t`: no answer begins or ends in padding."""
        hidden, state = super().encode(inputs, state)
        scores = ops.transpose(self.output_dense(self.drop(hidden)), (0, 2, 1))
        scores = ops.cast(scores, "float32")
        return ops.where(tokens_of(inputs)[:, None], scores, HIDDEN), state
