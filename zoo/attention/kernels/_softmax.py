"""Variants of the softmax, the same under every kernel."""

from typing import Any, NamedTuple

from keras import ops


class Softmax(NamedTuple):
    """`soft_cap` keeps scores within ± that value (Gemma Team 2024, section 2). `off_by_one` adds 1
    to the sum of every softmax: a place to look at nothing (Miller 2023)."""

    soft_cap: float | None = None
    off_by_one: bool = False

    def cap(self, scores: Any) -> Any:
        if self.soft_cap is None:
            return scores
        return self.soft_cap * ops.tanh(scores / self.soft_cap)

    def finish(self, heads: Any, log_sum: Any) -> Any:
        """heads `b h q e` and the logarithm of what their softmax was divided by, `b h q`."""
        if not self.off_by_one:
            return heads
        return heads * ops.cast(ops.sigmoid(log_sum), heads.dtype)[..., None]


def weights_again(scores: Any, bound: Any) -> Any:
    """exp(score - bound) of scores made again, `… q k`. When they were made first none was above
    its bound, `… q`: the logarithm of the sum of their exponentials, or the highest of them.

    So no weight is above 1, but scores in the millions are rounded by more than an exponential
    bears when they are summed in another order than before.
    """
    return ops.exp(ops.minimum(scores - bound[..., None], 0.0))
