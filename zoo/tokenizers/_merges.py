"""Byte-pair merges in a graph of plain TensorFlow, in time linear in the text.

A word takes the merge of lowest rank first, at every place where it fits, from the left. Merges
are done level by level: no merge of a level makes a pair that another one of it could take, so
within a level only overlaps have to be settled. There are a few hundred levels at most, however
long a word is.
"""

from typing import Any

import numpy as np

from zoo.core.errors import ZooError


class Merges:
    """`pairs` int `m 2` and `products` int `m` of token ids, by rank; ids below `vocabulary_size`.

    Raises ZooError where a merge makes what one of lower rank takes: then levels would not do.
    """

    def __init__(self, pairs: np.ndarray, products: np.ndarray, vocabulary_size: int):
        _require_order(pairs, products)
        self.vocabulary_size = vocabulary_size
        keys = pairs[:, 0].astype("int64") * vocabulary_size + pairs[:, 1]
        order = np.argsort(keys)
        self.keys = keys[order]
        self.ranks, self.products = order.astype("int32"), products[order].astype("int32")
        self.levels = _levels(pairs, products)[order]
        self.never = np.int32(len(keys))

    def __call__(self, tokens: Any, words: Any) -> Any:
        """Token ids of bytes `n` and the word of each, counted from 0 -> int32 `n`: the token that
        starts at each byte, -1 where none does."""
        import tensorflow as tf

        if not len(self.keys):
            return tokens

        def body(merged, place, token, word, _):
            hit, chosen, product = self._round(token, word)
            first, second = place[:-1][chosen], place[1:][chosen]
            merged = tf.tensor_scatter_nd_update(merged, first[:, None], product[chosen])
            gone = tf.fill(tf.shape(second), -1)
            merged = tf.tensor_scatter_nd_update(merged, second[:, None], gone)
            token = tf.gather(merged, place)
            # A word in which no pair can merge any more is left out of the next round.
            alive = tf.math.unsorted_segment_max(tf.cast(hit, tf.int32), word[:-1], number)
            kept = (token >= 0) & (tf.gather(alive, word) > 0)
            return merged, place[kept], token[kept], word[kept], tf.reduce_any(chosen)

        def going_on(merged, place, token, word, found):
            return found & (tf.size(token) > 1)

        number = tf.reduce_max(tf.concat([words, [-1]], 0)) + 1
        state = (tokens, tf.range(tf.size(tokens)), tokens, words, True)
        return tf.while_loop(going_on, body, state, shape_invariants=_shapes(state))[0]

    def _round(self, token: Any, word: Any) -> tuple[Any, Any, Any]:
        """Which pairs of neighbours can merge, which do now, and what they become."""
        import tensorflow as tf

        key = tf.cast(token[:-1], tf.int64) * self.vocabulary_size + tf.cast(token[1:], tf.int64)
        at = tf.minimum(tf.searchsorted(self.keys, key), len(self.keys) - 1)
        hit = (tf.gather(self.keys, at) == key) & (word[:-1] == word[1:])
        level = tf.where(hit, tf.gather(self.levels, at), self.never)
        lowest = tf.math.unsorted_segment_min(level, word[:-1], word[-1] + 1)
        now = hit & (level == tf.gather(lowest, word[:-1]))
        rank = tf.where(now, tf.gather(self.ranks, at), self.never)
        return hit, now & _settled(rank, self.never), tf.gather(self.products, at)


def _settled(rank: Any, never: Any) -> Any:
    """Which of neighbouring pairs merge, given the rank of each: those below both neighbours; of
    equal ones in a row (`aaaa`), every other one."""
    import tensorflow as tf

    edge = tf.constant([never])
    before = tf.concat([edge, rank[:-1]], 0)
    after = tf.concat([rank[1:], edge], 0)
    begins = tf.concat([[True], rank[1:] != rank[:-1]], 0)
    first = tf.cast(tf.where(begins)[:, 0], tf.int32)
    last = tf.concat([first[1:], [tf.size(rank)]], 0) - 1
    own = tf.gather(rank, first)
    low = (tf.gather(before, first) > own) & (tf.gather(after, last) > own)
    row = tf.cumsum(tf.cast(begins, tf.int32)) - 1
    even = (tf.range(tf.size(rank)) - tf.gather(first, row)) % 2 == 0
    return tf.gather(low, row) & even


def _require_order(pairs: np.ndarray, products: np.ndarray) -> None:
    taken: set[int] = set()
    for rank, (pair, product) in enumerate(zip(pairs.tolist(), products.tolist())):
        if product in taken:
            raise ZooError(f"merge {rank + 1} makes a token that a merge before it takes.")
        taken.update(pair)


def _levels(pairs: np.ndarray, products: np.ndarray) -> np.ndarray:
    """int32 `m`: a new level begins where a merge takes what the level itself has made."""
    levels, level, made = np.zeros(len(pairs), "int32"), 0, set()
    for rank, (pair, product) in enumerate(zip(pairs.tolist(), products.tolist())):
        if made.intersection(pair):
            level, made = level + 1, set()
        made.add(product)
        levels[rank] = level
    return levels


def _shapes(state: tuple) -> tuple:
    import tensorflow as tf

    free = tf.TensorShape([None])
    return (free, free, free, free, tf.TensorShape([]))
