"""The plain kernel, and a list of the tables of weights it made."""

from typing import Any, NamedTuple

from zoo.attention.kernels import Kernel, Rules
from zoo.attention.kernels.dense import Dense, visible


class Seen(NamedTuple):
    """One table of weights."""

    weights: Any
    """float32 `b h q k`: what queries give to all keys, 1 in sum where a softmax has no place to
    look at nothing."""
    visible: Any
    """bool `b h q k`, axes 1 where all are alike: what may be looked at."""
    rules: Rules | None


class Watched(Dense):
    """Computes as `dense` does, and keeps what it made in `seen`. `picks` is the kernel of a kind
    that picks what is looked at as it goes, and can say it beforehand by its `mask`. For a model
    that is called as it is, not compiled."""

    def __init__(self, picks: Kernel | None = None):
        self.picks = picks
        self.seen: list[Seen] = []

    def attend(self, query, key, value, rules):
        if self.picks is not None:
            rules = rules._replace(mask=self.picks.mask(query, key, rules))
        return super().attend(query, key, value, rules)

    def weights(self, query, key, rules):
        weights, log_sum = super().weights(query, key, rules)
        seen = visible(rules, rules.table(query.shape[1]))
        self.seen.append(Seen(rules.softmax.finish(weights, log_sum), seen, rules))
        return weights, log_sum
