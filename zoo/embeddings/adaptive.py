"""Vectors as large as tokens are frequent, and a softmax in two steps (Grave et al. 2017; Baevski
and Auli 2019; Transformer-XL, Dai et al. 2019).

Token ids count from the most frequent token on. `cutoffs` divide them into clusters: a token of a
cluster behind the first is as likely as its cluster, times what it is among the cluster's tokens.
"""

from typing import Any, NamedTuple

from keras import ops

from zoo.core.initial import normal
from zoo.core.types import Given, PositiveInt
from zoo.embeddings import TokenEmbedding


class Cluster(NamedTuple):
    """The tokens from `first` to `last`, the last not included."""

    first: int
    last: int
    table: Any
    """`v e`, a vector a token."""
    bias: Any
    """`v`, of their scores."""
    projection: Any
    """`d e`, or None where vectors are as wide as the model."""
    scoring: Any
    """What projects hidden states before they are compared with the vectors, likewise."""


class Adaptive(TokenEmbedding):
    """Vectors of cluster i have `embedding_dim` / `div_val`^i features, as many as the model for
    None, and are projected to the width of the model. Tokens are scored by the same vectors, and
    with `share_projections` by the same projections; the first cluster has one of its own.

    Scores are logarithms of probabilities, float32 `… v`. All are computed, whatever the token.
    Raises ValueError for cutoffs that do not rise or leave nothing behind the last, and where a
    cluster's vectors would have no feature.
    """

    def __init__(
        self,
        vocabulary_size: Given[int],
        hidden_dim: Given[int],
        cutoffs: list[PositiveInt] | None = None,
        div_val: PositiveInt = 1,
        embedding_dim: PositiveInt | None = None,
        share_projections: bool = True,
        initializer_range: Given[float | None] = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.cutoffs, self.div_val = cutoffs, div_val
        self.embedding_dim = embedding_dim or hidden_dim
        self.share_projections, self.initializer_range = share_projections, initializer_range
        self.ends = [0, *(cutoffs or []), vocabulary_size]
        if any(after <= before for before, after in zip(self.ends, self.ends[1:])):
            raise ValueError(f"cutoffs {cutoffs} must rise, all below {vocabulary_size} tokens.")
        if self.sizes()[-1] < 1:
            clusters = f"{len(self.ends) - 1} clusters"
            raise ValueError(f"embedding_dim {self.embedding_dim} is too small for {clusters}.")

    def sizes(self) -> list[int]:
        """How many features the vectors of each cluster have."""
        return [self.embedding_dim // self.div_val**i for i in range(len(self.ends) - 1)]

    def build(self, shape=None):
        sizes, rows = self.sizes(), [b - a for a, b in zip(self.ends, self.ends[1:])]
        alike = self.div_val == 1  # one table for all clusters, with one projection if any
        tables = [(self.vocabulary_size, sizes[0])] if alike else list(zip(rows, sizes))
        projected = not alike or sizes[0] != self.hidden_dim
        self.tables = [self._weight("embeddings", i, shape) for i, shape in enumerate(tables)]
        self.biases = [self._weight("bias", i, (n,), "zeros") for i, (n, _) in enumerate(tables)]
        wide = [(self.hidden_dim, size) for _, size in tables] if projected else []
        self.projections = [self._weight("projection", i, shape) for i, shape in enumerate(wide)]
        number = 0 if not projected else 1 if self.share_projections else len(sizes)
        wide = [(self.hidden_dim, size) for size in sizes[:number]]
        self.scorings = [self._weight("scoring", i, shape) for i, shape in enumerate(wide)]
        tails = len(sizes) - 1
        if tails:
            self.cluster_table = self._weight("clusters", 0, (tails, sizes[0]))
            self.cluster_bias = self._weight("cluster_bias", 0, (tails,), "zeros")
        self.built = True

    def _weight(self, name, number, shape, initializer=None):
        initializer = initializer or normal(self.initializer_range, shape[-1])
        return self.add_weight(shape, initializer, name=f"{name}_{number}")

    def clusters(self) -> list[Cluster]:
        found = []
        for i, (first, last) in enumerate(zip(self.ends, self.ends[1:])):
            one = 0 if len(self.tables) == 1 else i
            part = slice(first, last) if len(self.tables) == 1 else slice(None)
            projection = self.projections[one] if self.projections else None
            scoring = self.scorings[i] if i < len(self.scorings) else projection
            table, bias = self.tables[one][part], self.biases[one][part]
            found.append(Cluster(first, last, table, bias, projection, scoring))
        return found

    def call(self, inputs, reverse=False):
        return self.score(inputs) if reverse else self.embed(inputs)

    def embed(self, token_ids: Any) -> Any:
        """int `b t` -> `b t d`."""
        if len(self.tables) == 1:
            vectors = ops.take(self.tables[0], token_ids, axis=0)
            return self._widened(vectors, *self.projections)
        total = 0.0
        for cluster in self.clusters():
            place = ops.clip(token_ids - cluster.first, 0, cluster.last - cluster.first - 1)
            inside = ops.logical_and(token_ids >= cluster.first, token_ids < cluster.last)
            vectors = self._widened(ops.take(cluster.table, place, axis=0), cluster.projection)
            total = total + ops.where(inside[..., None], vectors, 0.0)
        return total

    def _widened(self, vectors, projection=None):
        vectors = ops.cast(vectors, self.compute_dtype)
        if projection is None:
            return vectors
        return ops.matmul(vectors, ops.transpose(ops.cast(projection, vectors.dtype)))

    def score(self, hidden: Any) -> Any:
        """`… d` -> float32 `… v`."""
        first, *tails = self.clusters()
        if not tails:
            return self._log_softmax(hidden, first)
        table = ops.concatenate([first.table, ops.convert_to_tensor(self.cluster_table)])
        bias = ops.concatenate([first.bias, ops.convert_to_tensor(self.cluster_bias)])
        head = self._log_softmax(hidden, first._replace(table=table, bias=bias))
        scores = [head[..., : first.last]]
        for place, tail in enumerate(tails, start=first.last):
            scores.append(head[..., place : place + 1] + self._log_softmax(hidden, tail))
        return ops.concatenate(scores, axis=-1)

    def _log_softmax(self, hidden, cluster):
        if cluster.scoring is not None:
            hidden = ops.matmul(hidden, ops.cast(cluster.scoring, hidden.dtype))
        scores = ops.matmul(hidden, ops.transpose(ops.cast(cluster.table, hidden.dtype)))
        scores = ops.cast(scores, "float32") + ops.cast(cluster.bias, "float32")
        return ops.log_softmax(scores, axis=-1)
