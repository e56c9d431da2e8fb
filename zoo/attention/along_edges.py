"""Attention along the edges of a graph, which tells their labels apart (Shaw et al. 2018).

    score(q, k) = q · (key + a_K[label])        answer = Σ weight · (value + a_V[label])

over the edges that lead to q, with a vector for every label in place of every distance (sections
3.1 and 3.2); graph attention as it is now called (Veličković et al. 2018). Time and memory follow
the number of edges: no table of all nodes by all nodes is made, and no vector for an edge's label.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.attention import ALL, Attention
from zoo.attention.kernels import HIDDEN
from zoo.attention.kernels._softmax import Softmax
from zoo.attention.patterns import Pattern
from zoo.attention.patterns.full import Full
from zoo.core.errors import ZooError
from zoo.core.initial import normal
from zoo.core.places import Tile
from zoo.core.types import PositiveInt
from zoo.positions.nope import Nope


class Edges(NamedTuple):
    """The y edges of all graphs of a batch, whose b·t nodes stand in a row."""

    key: Any
    """int32 `y`, the node that each comes from."""
    query: Any
    """int32 `y`, the node that it leads to."""
    label: Any
    """int32 `y`; `num_labels` from a node to itself."""
    there: Any
    """bool `y`, False for padding, and for edges from or to padding."""


class AlongEdges(Attention):
    """The nodes of a graph are the places of its row; the mark `edges`, int32 `b x 3`, tells of
    each edge the node it comes from, the one it leads to, and its label; negative numbers are
    padding. A node sees those from which an edge leads to it, once for each such edge, and itself.

    `num_labels` have a vector each for keys and one for values, and one more says that a node sees
    itself; other labels have none, and with None all edges are alike. The heads of a layer share
    them unless `per_head`. Nothing is remembered. Raises ZooError for a pattern but `full`, for a
    position but `nope`, and for a kernel: the edges are all three.
    """

    @property
    def marks(self):
        return ("edges",)

    def __init__(
        self,
        num_heads: PositiveInt,
        head_dim: PositiveInt,
        pattern: Pattern = "full",
        num_labels: PositiveInt | None = None,
        per_head: bool = False,
        **kwargs,
    ):
        super().__init__(num_heads, head_dim, pattern=pattern, **kwargs)
        self.num_labels, self.per_head = num_labels, per_head
        if not isinstance(self.pattern, Full):
            raise ZooError("expected full: a node sees along its edges.", "pattern")
        if not isinstance(self.position, Nope):
            raise ZooError("expected nope: nodes stand nowhere but at their edges.", "position")
        if self.kernel:
            raise ZooError("expected none: edges are gathered one by one.", "kernel")

    def build(self, x_shape):
        super().build(x_shape)
        rows = (self.num_heads if self.per_head else 1, (self.num_labels or 0) + 1, self.head_dim)
        spread = self.initializer_range
        self.vectors = [
            self.add_weight(rows, normal(spread, self.head_dim), name=f"label_{name}")
            for name in (("keys", "values") if self.num_labels else ())
        ]

    def initial_state(self, batch_size, num_slots):
        return ()

    def attend_within(self, x, padding_mask=None, marks=None, groups=ALL):
        edges, heads = self.edges(x, padding_mask, marks), self.heads_of(groups)
        query = _in_a_row(self.ask(x, None, groups))
        key, value = (_in_a_row(of) for of in self.offer(x, None, groups))
        each = query.shape[1] // key.shape[1]
        key, value = ops.repeat(key, each, axis=1), ops.repeat(value, each, axis=1)
        tables = self.tables(heads, query.dtype)
        weights, log_sum = self.shares(query, key, edges, tables)
        found = self.answers(self.dropped(weights, heads), value, edges, tables)
        found = ops.cast(Softmax(off_by_one=self.off_by_one).finish(found, log_sum), query.dtype)
        batch, length = ops.shape(x)[:2]
        return self.project_back(ops.reshape(found, (batch, length, *found.shape[1:])), heads)

    def edges(self, x: Any, padding_mask: Any, marks: Any) -> Edges:
        """The edges between the nodes x, `b t d`, and behind them those from each to itself.
        Raises ValueError where none are told."""
        if (marks or {}).get("edges") is None:
            raise ValueError("attention asks for marks edges of each graph.")
        told = ops.cast(ops.convert_to_tensor(marks["edges"]), "int32")
        batch, length = ops.shape(x)[:2]
        first = ops.arange(batch, dtype="int32")[:, None] * length
        ends = [ops.clip(told[..., end], 0, length - 1) + first for end in (0, 1)]
        key, query = (ops.reshape(end, (-1,)) for end in ends)
        there = ops.reshape(ops.all(told >= 0, axis=-1), (-1,))
        if padding_mask is not None:
            real = ops.reshape(padding_mask, (-1,))
            for end in (key, query):
                there = ops.logical_and(there, ops.take(real, end))
        itself, label = self.num_labels or 0, ops.reshape(told[..., 2], (-1,))
        label = ops.where(label < itself, ops.maximum(label, 0), itself + 1)
        own = ops.arange(batch * length, dtype="int32")
        alike = ops.full_like(own, itself), ops.ones_like(own, "bool")
        pairs = zip((key, query, label, there), (own, own, *alike))
        return Edges(*(ops.concatenate(pair) for pair in pairs))

    def tables(self, heads: slice, dtype: Any) -> list:
        """The vectors for keys and those for values, `h r e`, zeros behind the last; none where
        labels are not told apart."""
        vectors = [ops.cast(ops.convert_to_tensor(of), dtype) for of in self.vectors]
        padded = [ops.pad(of, ((0, 0), (0, 1), (0, 0))) for of in vectors]
        return [ops.broadcast_to(of, (self.num_heads, *of.shape[1:]))[heads] for of in padded]

    def shares(self, query: Any, key: Any, edges: Edges, tables: list) -> tuple[Any, Any]:
        """Queries and keys `n h e` -> float32 weights of the edges, `y h`, and the logarithm of
        what those of a node were divided by, `n h`."""
        number = ops.shape(query)[0]
        scores = Softmax(self.soft_cap).cap(self.scores(query, key, edges, tables))
        scores = ops.where(edges.there[:, None], scores, HIDDEN)
        most = ops.segment_max(ops.stop_gradient(scores), edges.query, number)
        raised = ops.exp(scores - ops.take(most, edges.query, axis=0))
        raised = ops.where(edges.there[:, None], raised, 0.0)
        total = ops.segment_sum(raised, edges.query, number)
        return raised / ops.take(total, edges.query, axis=0), most + ops.log(total)

    def scores(self, query: Any, key: Any, edges: Edges, tables: list) -> Any:
        """Queries and keys `n h e` -> how much each edge matters, float32 `y h`."""
        query = query * self.head_dim**-0.5
        scores = ops.take(query, edges.query, axis=0) * ops.take(key, edges.key, axis=0)
        scores = ops.sum(ops.cast(scores, "float32"), axis=-1)
        if not tables:
            return scores
        of_label = ops.einsum("nhe,hre->nrh", query, tables[0])
        of_label = ops.reshape(of_label, (-1, of_label.shape[2]))
        return scores + ops.cast(ops.take(of_label, _row(edges, tables), axis=0), "float32")

    def dropped(self, weights: Any, heads: slice) -> Any:
        """Weights of the edges, `y h`: in training some of them 0 and the others larger."""
        drop = self.drop()
        if drop is None:
            return weights
        head = np.arange(self.num_heads, dtype="int32")[heads]
        edge = ops.arange(ops.shape(weights)[0], dtype="int32")[None, None]
        tile = Tile(head, np.zeros((1, 1), "int32"), edge, 0)
        return ops.transpose(drop(ops.transpose(weights)[None, :, None], tile)[0, :, 0])

    def answers(self, weights: Any, value: Any, edges: Edges, tables: list) -> Any:
        """Weights of the edges, `y h`, and values, `n h e` -> what each node is told, float32
        `n h e`."""
        number = ops.shape(value)[0]
        parts = weights[..., None] * ops.cast(ops.take(value, edges.key, axis=0), "float32")
        found = ops.segment_sum(parts, edges.query, number)
        if not tables:
            return found
        rows = tables[1].shape[1]
        by_label = ops.segment_sum(weights, _row(edges, tables), number * rows)
        by_label = ops.reshape(by_label, (number, rows, -1))
        return found + ops.einsum("nrh,hre->nhe", by_label, ops.cast(tables[1], "float32"))


def _in_a_row(heads: Any) -> Any:
    """`b t h e` -> `b·t h e`."""
    return ops.reshape(heads, (-1, *heads.shape[2:]))


def _row(edges: Edges, tables: list) -> Any:
    """int32 `y`: the row of the node that an edge leads to and of its label, in `n·r`."""
    return edges.query * tables[0].shape[1] + edges.label
