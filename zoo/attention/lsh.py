"""LSH attention of the Reformer: tokens attend to those their hashes sort beside them.

Kitaev et al. 2020, section 2. Queries and keys are one projection; a key is its direction alone.
"""

import math
from typing import Any

import numpy as np
from keras import ops

from zoo.attention import project
from zoo.attention._hashing import Rotations, bucket_sizes, buckets, order
from zoo.attention._parts import Seeds, unit
from zoo.attention._scored import ALL
from zoo.attention._self_last import SelfLast
from zoo.attention._sorted_chunks import Seen, SortedChunks
from zoo.attention.multi_head import MultiHead
from zoo.core.types import NonNegativeInt, PositiveInt, Seed
from zoo.positions import Position


class Lsh(MultiHead):
    """In each of `num_hashes` rounds tokens are sorted by bucket and cut into chunks; a chunk sees
    itself, `chunks_before` chunks before it and `chunks_after` after it, as far as the pattern
    allows. A token sees itself only when it sees nothing else.

    `num_buckets` is even, or several even factors; None is about two for every chunk. Rotations are
    new in every training step and follow from `hash_seed` otherwise. `num_hashes` may change after
    training.

    Who meets whom depends on the whole text. So with a state (generation, segments), in texts of
    one chunk, and where the length is not known when the graph is made, attention is exact: over
    all keys, with the same keys and the same rule for oneself, by the `kernel`.
    """

    def __init__(
        self,
        chunk_length: PositiveInt = 64,
        chunks_before: NonNegativeInt = 1,
        chunks_after: NonNegativeInt = 0,
        num_hashes: PositiveInt = 1,
        num_buckets: list[PositiveInt] | None = None,
        hash_seed: Seed = 0,
        use_bias: bool = False,
        **kwargs,
    ):
        super().__init__(use_bias=use_bias, **kwargs)
        self.chunk_length, self.num_hashes = chunk_length, num_hashes
        self.chunks_before, self.chunks_after = chunks_before, chunks_after
        self.num_buckets, self.hash_seed = num_buckets, hash_seed
        if odd := [size for size in num_buckets or [] if size % 2]:
            raise ValueError(
                f"num_buckets must be even, a bucket and its opposite; found {odd[0]}."
            )
        if math.prod(num_buckets or []) >= 2**31:
            raise ValueError(f"num_buckets {num_buckets} are together more than 32 bits count.")
        if refused := self._refused():
            raise ValueError(f"{refused} cannot be combined with hashing; leave it out.")

    def _refused(self):
        """The first option that asks for what sorted chunks do not compute."""
        asked = {
            "soft_cap": self.soft_cap,
            "off_by_one": self.off_by_one,
            "query_key_norm": self.query_key_norm,
            "num_key_value_heads": self.num_key_value_heads != self.num_heads,
            "a position that adds to scores": not only_rotates(self.position),
            "a pattern that needs marks": self.pattern.marks,
            "a pattern of listed blocks": self.pattern.listed,
        }
        return next((name for name, value in asked.items() if value), None)

    @property
    def horizon(self):
        return self.chunk_length  # behind a state attention is exact

    def build(self, x_shape):
        heads = (self.num_heads, self.head_dim)
        self.query_key = self._dense("bqd,dhe->bqhe", x_shape, heads, "he", "query_key")
        self.value = self._dense("bkd,dhe->bkhe", x_shape, heads, "he", "value")
        self.attention_output = self.back((None, None, *heads), self.output_dim or x_shape[-1])
        self.seeds = self.child(Seeds, self.dropout, name="seeds")
        self.rotations = self.child(Rotations, self.hash_seed, name="rotations")
        self.self_last = self.child(SelfLast, name="self_last")
        self.position.prepare(*heads, x_shape[-1])
        self.built = True

    def attend_within(self, x, padding_mask=None, marks=None, groups=ALL):
        if self._within_a_chunk(x.shape[1]):
            return super().attend_within(x, padding_mask, marks, groups)
        places = self.places(x, 0, (), padding_mask, marks)
        heads = self.ask(x, places.query_positions(), groups, padding_mask)
        sizes = self.num_buckets or bucket_sizes(x.shape[1], self.chunk_length)
        shape = (self.num_heads, self.head_dim, self.num_hashes, sum(sizes) // 2)
        rotations = self.rotations(shape=shape)[groups]
        met = self.meet(
            heads, project(self.value, x, groups), padding_mask, rotations, groups.start or 0
        )
        return self.project_back(met, groups)

    def _within_a_chunk(self, length):
        if length is None or length <= self.chunk_length:
            return True
        chunks = -(-length // self.chunk_length) * self.num_hashes
        return chunks < self.chunks_before + self.chunks_after

    def ask(self, x, positions, groups=ALL, mask=None):
        placed = project(self.query_key, self.position.add(x, positions, mask), groups)
        return self.position.rotate(placed, positions)

    def offer(self, x, positions, groups=ALL, mask=None):
        return unit(self.ask(x, positions, groups, mask)), project(self.value, x, groups)

    def scoring(self):
        return self.self_last

    def meet(
        self, heads: Any, value: Any, padding_mask: Any, rotations: Any, first_head: int = 0
    ) -> Any:
        """Shared queries and keys, and values, `b t h e`, of heads from the first on; rotations
        float32 `h e r x`, x half the sum of the bucket sizes -> `b t h e`."""
        length = heads.shape[1]
        query, value = self._whole_chunks(heads), self._whole_chunks(value)
        tokens = self._tokens(padding_mask, length)
        sorted_places = self.order(query, tokens, rotations, length)
        seen = Seen(self.pattern.sized(length), tokens, self.drop(), first_head)
        chunks = self.chunk_length, self.chunks_before, self.chunks_after
        met = SortedChunks(sorted_places, seen, *chunks)(query, value)
        return ops.transpose(met, (1, 2, 0, 3))[:, :length]

    def order(self, heads: Any, tokens: Any, rotations: Any, length: int) -> Any:
        """heads `h b t e` -> the places of the tokens in every round, sorted: int32 `h b r t`."""
        sizes = self.num_buckets or bucket_sizes(length, self.chunk_length)
        return order(buckets(heads, rotations, sizes), sizes, tokens)

    def _whole_chunks(self, x):
        """`b t h e` -> `h b t e`, with zeros up to a whole number of chunks."""
        missing, x = -x.shape[1] % self.chunk_length, ops.transpose(x, (2, 0, 1, 3))
        return ops.pad(x, ((0, 0), (0, 0), (0, missing), (0, 0))) if missing else x

    def _tokens(self, padding_mask, length):
        missing = -length % self.chunk_length
        if padding_mask is None and not missing:
            return None
        if padding_mask is None:
            return ops.convert_to_tensor(np.arange(length + missing)[None] < length)
        return ops.pad(ops.cast(padding_mask, "bool"), ((0, 0), (0, missing)))


def only_rotates(position: Position) -> bool:
    own = type(position)
    return own.score is Position.score and own.bias_query is Position.bias_query
