"""Attention for your Keras model: the zoo's, behind the face of `keras.layers.MultiHeadAttention`.

Import this module before a saved model is loaded that holds one of its layers.
"""

from zoo.layers.big_bird_attention import BigBirdAttention
from zoo.layers.grouped_query_attention import GroupedQueryAttention
from zoo.layers.local_attention import LocalAttention
from zoo.layers.longformer_attention import LongformerAttention
from zoo.layers.lsh_attention import LSHAttention
from zoo.layers.multi_head_attention import MultiHeadAttention
from zoo.layers.sparse_attention import SparseAttention
from zoo.layers.transformer_xl_attention import TransformerXLAttention

GroupQueryAttention = GroupedQueryAttention
"""The name under which Keras exports it."""

__all__ = [
    "BigBirdAttention",
    "GroupQueryAttention",
    "GroupedQueryAttention",
    "LSHAttention",
    "LocalAttention",
    "LongformerAttention",
    "MultiHeadAttention",
    "SparseAttention",
    "TransformerXLAttention",
]
