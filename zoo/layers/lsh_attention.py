"""Reformer's attention: tokens see those their hashes sort beside them (Kitaev et al. 2020)."""

from zoo.attention.patterns import Pattern
from zoo.core.types import NonNegativeInt, PositiveInt, Seed
from zoo.layers._projected import not_negative, positive
from zoo.layers._self_attention import SelfAttention


class LSHAttention(SelfAttention):
    """Queries and keys are one projection. The options are those of `zoo.attention.lsh`."""

    inside = "lsh"

    def __init__(
        self,
        num_heads: PositiveInt,
        key_dim: PositiveInt,
        chunk_length: PositiveInt = 64,
        chunks_before: NonNegativeInt = 1,
        chunks_after: NonNegativeInt = 0,
        num_hashes: PositiveInt = 1,
        num_buckets: list[PositiveInt] | None = None,
        hash_seed: Seed = 0,
        pattern: Pattern = "full",
        **kwargs,
    ):
        super().__init__(num_heads, key_dim, pattern, **kwargs)
        positive(chunk_length=chunk_length, num_hashes=num_hashes)
        not_negative(chunks_before=chunks_before, chunks_after=chunks_after)
        self.chunk_length, self.num_hashes = chunk_length, num_hashes
        self.chunks_before, self.chunks_after = chunks_before, chunks_after
        self.num_buckets, self.hash_seed = num_buckets, hash_seed
