"""How well tokens were predicted, without ever holding the scores of all tokens at once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.core.recompute import in_chunks
from zoo.tasks import Measured
from zoo.tasks._taught import Taught


class CrossEntropy(NamedTuple):
    """Smoothed labels are 1 - ε + ε/v for the target and ε/v for all others, as in Keras."""

    label_smoothing: float = 0.0
    z_loss: float = 0.0

    def __call__(
        self,
        logits: Callable[[Any], Any],
        layers: list,
        hidden: Any,
        targets: Any,
        weights: Any,
        chunk_size: int | None = None,
        taught: Taught | None = None,
    ) -> Measured:
        """Hidden states `b … d`, targets int `b …` and their weights `b …`.

        `logits` calls `layers`: float32 `… v` of hidden states `… d`. `chunk_size` tokens go
        through it at a time; all of them for None, or where their number is not known. What is
        `taught` goes with them.
        """

        def measure(hidden, targets, weights, *told):
            said = taught and taught._replace(hidden=told[0])
            return self.sums(logits(hidden), targets, weights, said)

        told, layers = ([taught.hidden], layers + taught.layers) if taught else ([], layers)
        weights = ops.cast(weights, "float32")
        total = ops.maximum(ops.sum(weights), 1.0)
        if chunk_size is None or None in hidden.shape:
            loss, more = measure(hidden, targets, weights, *told)
            return Measured(*(x / total for x in (loss, *more)))
        hidden, *told = (ops.reshape(x, (-1, x.shape[-1])) for x in (hidden, *told))
        flat = hidden, ops.ravel(targets), ops.ravel(weights), *told
        chunks = [_chunks(x, chunk_size) for x in flat]
        loss, more = in_chunks(measure, layers, training=True)(*chunks, length=chunks[0].shape[0])
        return Measured(*(ops.sum(x) / total for x in (loss, *more)))

    def sums(
        self, logits: Any, targets: Any, weights: Any, taught: Taught | None = None
    ) -> tuple[Any, tuple[Any, Any]]:
        """Float32 logits `… v`, targets and weights `…` -> the sum of the losses; those of nats
        and of hits."""
        nats = keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)
        loss = nats
        if self.label_smoothing or self.z_loss:
            log_sum = ops.logsumexp(logits, axis=-1)
            anyone = log_sum - ops.mean(logits, axis=-1)
            loss = loss + self.label_smoothing * (anyone - nats) + self.z_loss * log_sum**2
        if taught is not None:
            loss = taught.loss(loss, logits)
        hits = ops.cast(ops.argmax(logits, axis=-1) == ops.cast(targets, "int32"), "float32")
        return ops.sum(loss * weights), (ops.sum(nats * weights), ops.sum(hits * weights))


def _chunks(x: Any, size: int) -> Any:
    """`n …` -> `c s …`, zeros behind the last of them."""
    number = -(-x.shape[0] // size)
    x = ops.pad(x, ((0, number * size - x.shape[0]), *((0, 0),) * (len(x.shape) - 1)))
    return ops.reshape(x, (number, size, *x.shape[1:]))
