"""Attention along edges that leaves its heads side by side (Veličković et al. 2018, GAT, equation
5), with scores by products of queries and keys in place of GAT's sums."""

from zoo.attention._side_by_side import SideBySide
from zoo.attention.along_edges import AlongEdges


class GraphAttention(SideBySide, AlongEdges):
    """`b t d` -> `b t h·e`: without a projection back there is less to learn a few known nodes by
    heart with."""
