"""Pairs of a key and a value, then queries: `k₁ v₁ k₂ v₂ … 0 k₂ v₂ k₁ v₁`.

Can a model find again what once stood beside a key? Graves et al. 2014, section 4.3, ask once; the
form with several queries in a text is that of Arora et al. 2023 (Zoology, arXiv:2312.04927).
"""

import numpy as np

from zoo.core.types import PositiveInt
from zoo.data.sources._synthetic import Synthetic


class AssociativeRecall(Synthetic):
    """`num_pairs` different keys, each with any value; with a `min_num_pairs`, any number from
    there on. Then `num_queries` of these keys at the most, all of them for None, in another order.
    Keys are the bytes from 1 on, values those after the keys. The answers are the values that
    follow the queries.
    Raises ValueError for symbols that are no bytes, and for more pairs or queries than there are.
    """

    def __init__(
        self,
        num_pairs: PositiveInt,
        min_num_pairs: PositiveInt | None = None,
        num_queries: PositiveInt | None = None,
        num_keys: PositiveInt = 64,
        num_values: PositiveInt = 64,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if num_keys + num_values > 255:
            raise ValueError(
                f"num_keys {num_keys} and num_values {num_values} must be at most 255 together: "
                "symbols are bytes."
            )
        if num_pairs > num_keys:
            raise ValueError(f"num_pairs {num_pairs} must be at most num_keys {num_keys}.")
        if min_num_pairs and min_num_pairs > num_pairs:
            raise ValueError(
                f"min_num_pairs {min_num_pairs} must be at most num_pairs {num_pairs}."
            )
        if num_queries and num_queries > num_pairs:
            raise ValueError(f"num_queries {num_queries} must be at most num_pairs {num_pairs}.")
        self.num_pairs, self.min_num_pairs = num_pairs, min_num_pairs
        self.num_queries = num_queries
        self.num_keys, self.num_values = num_keys, num_values

    def draw(self, random):
        fewest = self.min_num_pairs or self.num_pairs
        while True:
            number = random.integers(fewest, self.num_pairs + 1)
            keys = 1 + random.permutation(self.num_keys)[:number]
            values = 1 + self.num_keys + random.integers(0, self.num_values, number)
            pairs = np.stack([keys, values], axis=1).astype("uint8")
            queries = pairs[random.permutation(number)[: self.num_queries]]
            begin, end = pairs.size + 1, pairs.size + 1 + queries.size
            answers = tuple((at, at + 1) for at in range(begin + 1, end, 2))
            yield pairs.tobytes() + b"\0" + queries.tobytes(), answers
