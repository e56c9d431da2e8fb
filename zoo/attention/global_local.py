"""Global tokens ask with projections of their own, and see all others by projections of their own.

Longformer (Beltagy et al. 2020, arXiv:2004.05150, section 3.1, "linear projections for global
attention").
"""

from typing import Any

from keras import ops

from zoo.attention import project
from zoo.attention._scored import ALL
from zoo.attention.multi_head import MultiHead
from zoo.attention.patterns._global_rows import global_rows
from zoo.core.places import Places


class GlobalLocal(MultiHead):
    """Which tokens are global, and whom all the others see, says the pattern; `longformer` is one
    with such tokens, as is any that is made of `global_tokens`. Global tokens see all that it
    allows, once more: they cost as much again as they do in `multi_head`.

    All six projections are computed of all tokens: twice as many weights and products as there.
    Raises ValueError for a pattern without global tokens.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if global_rows(self.pattern) is None:
            raise ValueError("the pattern has no global tokens: use one made of global_tokens.")

    def build(self, x_shape):
        heads, few = ((n, self.head_dim) for n in (self.num_heads, self.num_key_value_heads))
        self.query_global = self._dense("bqd,dhe->bqhe", x_shape, heads, "he", "query_global")
        self.key_global = self._dense("bkd,dge->bkge", x_shape, few, "ge", "key_global")
        self.value_global = self._dense("bkd,dge->bkge", x_shape, few, "ge", "value_global")
        super().build(x_shape)

    def ask(self, x, positions, groups=ALL, mask=None):
        """The queries of local tokens, and those of global ones in as many heads more."""
        heads, placed = self.heads_of(groups), self.position.add(x, positions, mask)
        query = self.place_query(project(self.query_global, placed, heads), positions, heads)
        return ops.concatenate([super().ask(x, positions, groups, mask), query], axis=2)

    def offer(self, x, positions, groups=ALL, mask=None):
        key, value = super().offer(x, positions, groups, mask)
        placed = self.offered_position.add(x, positions, mask)
        key_global = self.place_key(project(self.key_global, placed, groups), positions)
        value_global = project(self.value_global, x, groups)
        keys = ops.concatenate([key, key_global], axis=2)
        return keys, ops.concatenate([value, value_global], axis=2)

    def initial_state(self, batch_size, num_slots):
        before = super().initial_state(batch_size, num_slots)
        if not before:
            return ()
        key, value = (ops.concatenate([x, x], axis=1) for x in (before.key, before.value))
        return before._replace(key=key, value=value)

    def attend(self, query, key, value, places, kernel=None, groups=ALL):
        length = key.shape[1] if places.shift is None else None
        heads, rows = self.heads_of(groups), global_rows(self.seen)
        found = []
        sides = zip(*(ops.split(x, 2, axis=2) for x in (query, key, value)))
        for pattern, (query, key, value) in zip((self.seen, rows), sides):
            seen, first = pattern.sized(length), heads.start or 0
            rules = self.rules(query, places, seen, self.drop(), first_head=first)
            found.append(self.compute(query, key, value, rules, kernel))
        whole = self.whole(rows, places)[..., None, None]
        return self.project_back(ops.where(whole, found[1], found[0]), heads)

    def whole(self, rows: Any, places: Places) -> Any:
        """Which queries are of global tokens: bool `b q`, or `1 q` where all rows are alike. Those
        see themselves by the pattern of what global tokens see."""
        place = places.query_positions()
        marks = {name: (of_query, of_query) for name, (of_query, _) in places.marks.items()}
        return rows.sees(place, place, marks=marks)
