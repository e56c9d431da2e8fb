"""Attention between neighbouring chunks of sorted tokens: the core of LSH attention.

Kitaev et al. 2020, section 2. Time and memory are linear in the length. Nothing is kept for the
backward pass but the inputs, the answer and two numbers a token; scores are made again. All rounds
together are one softmax over all meetings, so the backward pass need not know one from the other.
In sorted order the gradient of a key is that of its own group of chunks and what the group before
hands on, and the way back to the order of the text is a gather: no scatter of all tokens.

Axes as in `_circle`; i counts steps, each of some heads of all texts.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.attention._circle import Circle, divisor
from zoo.attention._hashing import inverse
from zoo.attention._parts import unit
from zoo.attention.kernels import HIDDEN
from zoo.attention.kernels._dropout import Drop
from zoo.attention.kernels._softmax import weights_again
from zoo.attention.patterns import Pattern
from zoo.core.loops import pullback, scan
from zoo.core.places import Tile

SELF = -1e5
"""The score of a token with itself: it counts when nothing else is seen, and only then."""
FLOOR = -1e6
"""Below every score that counts, above HIDDEN."""
SCORES_AT_ONCE = 2**17
"""So many that they stay in the cache of a processor core."""


class Seen(NamedTuple):
    """Who may attend to whom among those who meet."""

    pattern: Pattern
    tokens: Any = None
    """bool `b t`, or None when all are."""
    drop: Drop | None = None
    first_head: int = 0
    """The first of the heads of a layer that are here."""


class Rows(NamedTuple):
    """What is known of the rows of a step, or of all steps with `i` in front."""

    order: Any
    """int32 `c r t`: the places of the tokens, sorted."""
    inverse: Any
    """int32 `c r t`: where in sorted order the tokens stand."""
    number: Any
    """int32 `c`, through all rows of all steps, head by head."""


class SortedChunks:
    """`order`, int32 `h b r t`, says how the tokens are sorted in every round of hashing."""

    def __init__(self, order: Any, seen: Seen, chunk_length: int, before: int, after: int):
        num_heads, batch, rounds, length = order.shape
        self.seen, self.batch = seen, ops.shape(order)[1]
        scores = (batch or 1) * chunk_length**2 * (1 + before + after)
        chunks = rounds * length // chunk_length
        self.heads = divisor(num_heads, SCORES_AT_ONCE / (scores * chunks))
        self.num_steps = num_heads // self.heads
        at_once = SCORES_AT_ONCE / (scores * self.heads)
        self.circle = Circle(rounds, length, chunk_length, before, after, at_once)
        number = ops.arange(num_heads * self.batch, dtype="int32")
        parts = order, inverse(order), ops.reshape(number, (num_heads, self.batch))
        self.rows = Rows(*map(self._cut, parts))

    def __call__(self, query: Any, value: Any) -> Any:
        """query and value `h b t e` -> `h b t e`."""

        @ops.custom_gradient
        def run(query, value):
            heads, sums = self.forward(query, value)

            def gradient(*upstream, **named):
                (into,) = upstream or (named["upstream"],)
                return self.backward((query, value), heads, sums, into)

            return heads, gradient

        return run(query, value)

    def forward(self, query, value):
        """-> `h b t e`; and of the scores of every token the highest, and the sum of exponentials
        relative to it, float32 `i c t`."""

        def body(carry, inputs):
            return carry, self._forward(*inputs)

        inputs = self.rows, *map(self._cut, (query, value))
        _, (heads, *sums) = scan(body, np.int32(0), inputs, self.num_steps)
        return ops.reshape(heads, ops.shape(value)), sums

    def backward(self, inputs, heads, sums, into):
        """The gradient of the answer, `h b t e`, -> of query and value."""
        slack = ops.sum(ops.cast(into, "float32") * ops.cast(heads, "float32"), axis=-1)

        def body(carry, inputs):
            rows, tables, into, slack, (top, total) = inputs
            total = ops.maximum(total, 1.0)
            into = into / ops.cast(total, into.dtype)[..., None]
            return carry, self._backward(rows, *tables, into, slack / total, top)

        tables = [self._cut(x) for x in inputs]
        inside = self.rows, tables, self._cut(into), self._cut(slack), sums
        _, found = scan(body, np.int32(0), inside, self.num_steps)
        return tuple(ops.reshape(x, ops.shape(like)) for x, like in zip(found, inputs))

    def _forward(self, rows, query, value):
        key = direction(query)

        def body(carry, group):
            asking, met = self.circle.split(group[0])
            scores = ops.matmul(take(query, asking), turned(take(key, met)))
            scores = self._hide(scores, asking, met, rows)
            top = ops.maximum(ops.max(scores, axis=-1), FLOOR)
            weights = ops.exp(scores - top[..., None])
            total = ops.sum(weights, axis=-1)
            weights = ops.cast(self._drop(weights, rows, group), value.dtype)
            heads = ops.cast(ops.matmul(weights, take(value, met)), "float32")
            heads = heads / ops.maximum(total, 1.0)[..., None]
            return carry, (ops.cast(heads, value.dtype), top, total)

        groups = self.circle.groups(rows.order)
        _, (heads, *sums) = scan(body, np.int32(0), groups, self.circle.num_groups)
        back = self.circle.back(rows.inverse)
        tops, totals = (ops.take(ops.reshape(x, (-1,)), back) for x in sums)
        top = ops.max(tops, axis=1)
        totals = totals * ops.exp(tops - top[:, None])
        total = ops.sum(totals, axis=1)
        share = ops.cast(totals / ops.maximum(total, 1.0)[:, None], value.dtype)
        rounds = range(self.circle.rounds)
        heads = sum(share[:, r, :, None] * taken(heads, back[:, r]) for r in rounds)
        return heads, top, total

    def _backward(self, rows, query, value, into, slack, top):
        key, turn = pullback(direction, [query])

        def body(handed_on, group):
            asking, met = self.circle.split(group[0])
            asked, known, wanted = take(query, asking), take(key, met), take(into, asking)
            scores = self._hide(ops.matmul(asked, turned(known)), asking, met, rows)
            weights = weights_again(scores, take(top, asking))
            into_weights = ops.matmul(wanted, turned(take(value, met)))
            into_weights = self._drop(ops.cast(into_weights, "float32"), rows, group)
            # A score with itself is fixed; where it counts, all of its gradients sum up to 0.
            into_scores = weights * (into_weights - take(slack, asking)[..., None])
            into_scores = ops.cast(into_scores, query.dtype)
            weights = ops.cast(self._drop(weights, rows, group), value.dtype)
            into_key = ops.matmul(turned(into_scores), asked)
            into_value = ops.matmul(turned(weights), wanted)
            into_met = ops.concatenate([into_key, into_value], axis=-1)
            into_met, handed_on = self.circle.overlap(into_met, handed_on)
            return handed_on, (ops.matmul(into_scores, known), into_met)

        width = key.shape[-1] + value.shape[-1]
        nothing = self.circle.nothing(ops.shape(key)[0], width, key.dtype)
        groups = self.circle.groups(rows.order)
        last, (into_query, into_met) = scan(body, nothing, groups, self.circle.num_groups)
        rounds, back = range(self.circle.rounds), self.circle.back(rows.inverse)
        into_query = sum(taken(into_query, back[:, r]) for r in rounds)
        back = self.circle.back(rows.inverse, shift=self.circle.before)
        into_met = sum(taken(into_met, back[:, r]) for r in rounds)
        # The chunks stand in a circle: the last group hands on to the first.
        into_met = given(into_met, groups[0][0, :, : self.circle.reach], last)
        (through_key,) = turn(into_met[..., : key.shape[-1]])
        return into_query + through_key, into_met[..., key.shape[-1] :]

    def _hide(self, scores, asking, met, rows):
        """Scores `c n s x` -> float32, and HIDDEN where nothing may be seen."""
        scores = ops.where(itself(asking, met), SELF, ops.cast(scores, "float32"))
        head = (self.seen.first_head + rows.number // self.batch)[:, None, None, None]
        seen = self.seen.pattern.allowed(asking[..., None], met[:, :, None], head)
        if self.seen.tokens is not None:
            tokens = self.seen.tokens
            shape = self.heads, self.batch, tokens.shape[-1]
            tokens = ops.reshape(ops.broadcast_to(tokens, shape), (-1, shape[-1]))
            seen = ops.logical_and(seen, take(tokens, met)[:, :, None])
        return ops.where(seen, scores, HIDDEN)

    def _drop(self, weights, rows, group):
        """Weights `c n s x`, some of them dropped: in every round others."""
        if self.seen.drop is None:
            return weights
        places, rounds = group
        asking, met = self.circle.split(places)
        size, keys = asking.shape[-1], met.shape[-1]
        number = rows.number + self.seen.first_head * self.batch
        head = ops.reshape(number[:, None] * self.circle.rounds + rounds, (-1,))
        asking, met = ops.reshape(asking, (-1, size)), ops.reshape(met, (-1, 1, keys))
        flat = ops.reshape(weights, (1, -1, size, keys))
        return ops.reshape(self.seen.drop(flat, Tile(head, asking, met, None)), ops.shape(weights))

    def _cut(self, x):
        """`h b …` -> `i c …`."""
        return ops.reshape(x, (self.num_steps, self.heads * self.batch, *ops.shape(x)[2:]))


def direction(query):
    """The keys of shared queries `… e`: of length 1, the scale of scores included."""
    return unit(query) * query.shape[-1] ** -0.5


def itself(asking, met):
    """Whether a token meets itself: bool `c n s x`."""
    return asking[..., None] == met[:, :, None]


def take(table, places):
    """`c t …` at places `c …`, each row in its own."""
    rows, length, *rest = ops.shape(table)
    start = ops.reshape(ops.arange(rows, dtype="int32") * length, (-1, *(1,) * (places.ndim - 1)))
    return ops.take(ops.reshape(table, (-1, *rest)), places + start, axis=0)


def given(table, places, values):
    """`c t e` plus values `c … e` at places `c …`, each row in its own: the opposite of take."""
    rows, length, width = ops.shape(table)
    start = ops.reshape(ops.arange(rows, dtype="int32") * length, (-1, 1, 1))
    index, values = ops.reshape(places + start, (-1, 1)), ops.reshape(values, (-1, width))
    return table + ops.reshape(ops.scatter(index, values, (rows * length, width)), ops.shape(table))


def taken(groups, back):
    """Results of groups `i c n s e` at flat places `c t` -> `c t e`."""
    return ops.take(ops.reshape(groups, (-1, groups.shape[-1])), back, axis=0)


def turned(x):
    return ops.swapaxes(x, -1, -2)
