"""Attention along the edges of a graph, as wide as its heads side by side (Veličković et al. 2018,
GAT, section 2.1).

    score(q, k) = LeakyReLU(ask · x_q + offer · x_k)        answer = Σ weight · x_k

for each head, whose part of x is both key and value. The projection of GAT stands before it: in
a first layer it is the table of an embedding, so that what nodes are told is projected but once.
"""

from keras import ops

from zoo.attention import ALL
from zoo.attention._parts import Seeds
from zoo.attention._side_by_side import SideBySide
from zoo.attention.along_edges import AlongEdges
from zoo.core.errors import ZooError
from zoo.core.initial import normal
from zoo.core.types import PositiveInt

SLOPE = 0.2


class GraphAttention(SideBySide, AlongEdges):
    """`b t d` -> `b t d`, where d is `num_heads` times `head_dim`. What a head asks for and what it
    offers are a vector each; labels of edges are not told apart. Raises ZooError for labels, for
    what is done to queries and keys elsewhere, and where heads are not as wide as the nodes."""

    def __init__(self, num_heads: PositiveInt, head_dim: PositiveInt, **kwargs):
        super().__init__(num_heads, head_dim, **kwargs)
        if self.num_labels:
            raise ZooError("expected none: along_edges tells labels apart.", "num_labels")
        if self.num_key_value_heads != num_heads:
            raise ZooError("keys are not projected: expected none.", "num_key_value_heads")
        if self.query_key_norm:
            raise ZooError("expected false: nothing is projected that it is for.", "query_key_norm")

    def build(self, x_shape):
        heads = self.num_heads, self.head_dim
        if x_shape[-1] != self.num_heads * self.head_dim:
            found = f"found {self.num_heads} heads of {self.head_dim}"
            raise ZooError(f"{found}, expected them to be {x_shape[-1]} wide.", "head_dim")
        self.asked, self.offered = (
            self.add_weight(heads, normal(self.initializer_range, self.head_dim), name=name)
            for name in ("ask", "offer")
        )
        self.bias = self.output_bias and self.add_weight(x_shape[-1:], "zeros", name="bias")
        self.vectors, self.seeds = [], self.child(Seeds, self.dropout, name="seeds")
        self.built = True

    def ask(self, x, positions, groups=ALL, mask=None):
        return ops.reshape(x, (-1, *ops.shape(x)[1:2], self.num_heads, self.head_dim))

    def offer(self, x, positions, groups=ALL, mask=None):
        heads = self.ask(x, positions)
        return heads, heads

    def scores(self, query, key, edges, tables):
        asked, offered = (
            ops.sum(of * ops.cast(ops.convert_to_tensor(vector), of.dtype), axis=-1)
            for of, vector in ((query, self.asked), (key, self.offered))
        )
        total = ops.take(asked, edges.query, axis=0) + ops.take(offered, edges.key, axis=0)
        return ops.leaky_relu(ops.cast(total, "float32"), SLOPE)

    def project_back(self, heads, some=ALL):
        found = super().project_back(heads)
        return found + ops.cast(self.bias, found.dtype) if self.output_bias else found
