"""Make gat.npz: PyTorch Geometric's graph attention (GATConv).

Made with torch_geometric 2.8.1 and torch 2.13.0. For each case

    <case>/heads   number of heads
    <case>/table   [words, heads * features]: the projection, which words of a node look up
    <case>/ask, <case>/offer   [heads, features]: what the node asked for, and the one that offers
    <case>/bias    [heads * features]
    <case>/words   bool [nodes, words]
    <case>/edges   int [2, edges]: from, to; some are told twice; each node sees itself once more
    <case>/out     [nodes, heads * features]
"""

import numpy as np
import torch
from arrays import prefixed, randomise, save
from torch_geometric.nn import GATConv

CASES = {"first": (8, 8), "last": (1, 6), "some": (3, 5)}
NODES, WORDS, EDGES = 12, 9, 30


def case(heads, features, draw):
    layer = GATConv(WORDS, features, heads=heads)
    randomise(layer, draw, 1.0)
    words = draw.random((NODES, WORDS)) < 0.4
    edges = draw.integers(0, NODES, (2, EDGES))
    edges = edges[:, edges[0] != edges[1]]  # the original forgets what leads from a node to itself
    edges = np.concatenate([edges, edges[:, :3]], axis=1)
    with torch.no_grad():
        out = layer(torch.tensor(words, dtype=torch.float32), torch.tensor(edges)).numpy()
    told = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    return {
        "heads": np.array(heads),
        "table": told["lin.weight"].T,
        "ask": told["att_dst"][0],
        "offer": told["att_src"][0],
        "bias": told["bias"],
        "words": words,
        "edges": edges,
        "out": out,
    }


if __name__ == "__main__":
    draw, arrays = np.random.default_rng(0), {}
    for name, sizes in CASES.items():
        arrays |= prefixed(name, case(*sizes, draw))
    save(__file__, arrays)
