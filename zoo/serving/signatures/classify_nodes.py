"""Which class every node of a graph belongs to."""

import numpy as np
import tensorflow as tf

from zoo.core.checked import checked
from zoo.serving.signatures import Signature, Tensors, spec
from zoo.serving.signatures._reading import labels, ranked

NODES = 6
"""Of the graphs it is shown by: a ring, and half of it."""


class ClassifyNodes(Signature):
    """token_ids int32 `b t w`, the words of each node, -1 behind them and in places without a node,
    padding_mask bool `b t`, which nodes are there, and edges int32 `b x 3`, of each the node it
    comes from, the one it leads to and its label, -1 for none -> labels string `b t c`, the
    likeliest first, probabilities float32 `b t c`; empty and 0 where there is no node."""

    tasks = ("node_classifier",)
    first = True

    def takes(self, model):
        return [
            spec(tf.int32, [None, None, None], "token_ids"),
            spec(tf.bool, [None, None], "padding_mask"),
            spec(tf.int32, [None, None, 3], "edges"),
        ]

    def examples(self, model):
        words = model.task.backbone.token_embedding.num_words
        ring = np.arange(NODES)
        edges = np.stack([ring, (ring + 1) % NODES, ring % 2], axis=1)
        edges = np.stack([edges, np.where(ring[:, None] < NODES // 2, edges, -1)])
        rows = np.stack([ring[:, None] % words] * 2)
        there = np.stack([ring >= 0, ring <= NODES // 2])
        rows = np.where(there[..., None], rows, -1)
        return [
            {
                "token_ids": rows.astype("int32"),
                "padding_mask": there,
                "edges": edges.astype("int32"),
            }
        ]

    def answer(self, model, token_ids, padding_mask, edges) -> Tensors:
        number = tf.shape(token_ids)[1]
        fits = tf.reduce_all(edges[..., :2] < number)
        edges = checked(edges, fits, "edges: expected nodes below the number of places.")
        inputs = {"token_ids": token_ids, "padding_mask": padding_mask, "edges": edges}
        found = ranked(model.task.run(inputs)[0], labels(model))
        there = padding_mask[..., None]
        return {
            "labels": tf.where(there, found["labels"], ""),
            "probabilities": tf.where(there, found["probabilities"], 0.0),
        }
