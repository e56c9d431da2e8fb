"""A kernel that answers, and keeps the tables of weights that its answers are made of."""

from typing import Any, NamedTuple

from zoo.attention.kernels import Kernel, Rules, heads_first
from zoo.attention.kernels._automatic import automatic
from zoo.attention.kernels.dense import Dense, visible


class Seen(NamedTuple):
    """One table of weights."""

    weights: Any
    """float32 `b h q k`: what queries give to all keys, 1 in sum where a softmax has no place to
    look at nothing."""
    visible: Any
    """bool `b h q k`, axes 1 where all are alike: what may be looked at."""
    rules: Rules | None


class Watched(Kernel):
    """Answers as `kernel` does, or as the fastest there is, and keeps the whole table in `seen`; of
    the first `most` queries and keys alone, where the others are padding. A kernel of a kind that
    picks what is looked at as it goes says it beforehand by its `mask`."""

    def __init__(self, kernel: Kernel | None = None, most: int | None = None):
        self.kernel, self.most = kernel, most
        self.seen: list[Seen] = []

    def __call__(self, query, key, value, rules):
        first, scale = slice(self.most), query.shape[-1] ** -0.5
        some = (heads_first(x)[:, :, first] for x in (query * scale, key))
        self.seen.append(self._table(*some, _within(rules, first)))
        kernel = self.kernel or automatic(rules, query.shape[2])
        return kernel(query, key, value, rules)

    def _table(self, query, key, rules):
        tables = rules.position.tables(rules.places, query.dtype)
        rules = rules._replace(tables=tables)
        if hasattr(self.kernel, "mask"):
            rules = rules._replace(mask=self.kernel.mask(query, key, rules))
        weights, log_sum = Dense().weights(query, key, rules)
        seen = visible(rules, rules.table(query.shape[1]))
        return Seen(rules.softmax.finish(weights, log_sum), seen, rules)


def _within(rules: Rules, first: slice) -> Rules:
    """The rules of the first places."""
    places = rules.places
    marks = {name: tuple(x[:, first] for x in both) for name, both in places.marks.items()}
    mask = None if places.key_mask is None else places.key_mask[:, first]
    query, key = places.query[first], places.key[first]
    return rules._replace(places=places._replace(query=query, key=key, key_mask=mask, marks=marks))
