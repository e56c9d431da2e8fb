"""What a trained model says of the tokens another is to predict (Hinton et al. 2015)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops


class Taught(NamedTuple):
    """A teacher's hidden states, `b … d` as its task encodes them, and `logits`, which calls
    `layers`, of those. `weight` is the share of the teacher in the loss."""

    logits: Callable[[Any], Any]
    layers: list
    hidden: Any
    temperature: float
    weight: float

    def loss(self, loss: Any, logits: Any) -> Any:
        """What a student loses by its targets alone, `…`, and its logits `… v` -> what it loses by
        both, `…`."""
        apart = divergence(self.logits(self.hidden), logits, self.temperature)
        return (1 - self.weight) * loss + self.weight * apart


def divergence(teacher: Any, student: Any, temperature: float) -> Any:
    """T² KL(teacher ‖ student) of logits `… v` over T, in nats `…`: gradients of it are as large as
    those of a cross-entropy, whatever T is (section 2). Keras's own cuts probabilities off at 1e-7,
    below which no gradient would be left."""
    wanted, found = (ops.log_softmax(logits / temperature) for logits in (teacher, student))
    return temperature**2 * ops.sum(ops.exp(wanted) * (wanted - found), axis=-1)
