"""The plain kernel, and a list of the weights it made."""

from typing import Any

from zoo.attention.kernels.dense import Dense


class Watched(Dense):
    """Computes as `dense` does, and keeps the float32 weights `b h q k` of every call in `seen`:
    what queries give to all keys, 1 in sum where a softmax has no place to look at nothing. For a
    model that is called as it is, not compiled."""

    def __init__(self):
        self.seen: list[Any] = []

    def weights(self, query, key, rules):
        weights, log_sum = super().weights(query, key, rules)
        self.seen.append(rules.softmax.finish(weights, log_sum))
        return weights, log_sum
