"""Which neurons fire together over the tokens of a text: non-negative factors of the activations
inside the feed-forward networks (Alammar 2021, Ecco; Lee and Seung 1999)."""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.core.errors import ZooError
from zoo.core.taps import heard
from zoo.insight.stacks import stacked
from zoo.metrics import library


class Factors(NamedTuple):
    """Activations `t n` as a product of what each token has of a few factors, and what each of them
    has of every neuron."""

    side: int
    tokens: np.ndarray
    """float `f t`, each factor 1 where it is strongest."""
    neurons: np.ndarray
    """float `f n`"""
    layers: dict[str, np.ndarray]
    """float `f`, the share of each factor that lies in a layer, by the name of its block."""
    error: float
    """How long what is left over is, relative to the activations."""


def activations(task: Any, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """What a task takes of one text -> what its feed-forward networks make of each token inside,
    behind their activation: float32 `t n`, by the name of the block."""
    blocks = list(stacked(task.backbone))
    if not blocks:
        raise ZooError(f"a {type(task.backbone).__name__} has no feed-forward networks.")
    networks = [one.block.feed_forward for one in blocks]
    sizes = [network.chunk_size for network in networks]
    try:
        for network in networks:
            network.chunk_size = None
        with heard([network.drop for network in networks]) as found:
            task.run({name: ops.convert_to_tensor(x) for name, x in inputs.items()})
    finally:
        for network, size in zip(networks, sizes):
            network.chunk_size = size
    return {
        one.name: ops.convert_to_numpy(found[id(network.drop)][0]).astype("float32")[0]
        for one, network in zip(blocks, networks)
    }


def neurons(task: Any, inputs: dict[str, Any], num_factors: int) -> list[Factors]:
    """The factors of each text that a model is told of, all its layers together. What is below 0 is
    cut off. Raises ZooError for a model without such networks."""
    found = activations(task, inputs)
    sides = {one.name: one.side for one in stacked(task.backbone)}
    answer = []
    for side in sorted(set(sides.values())):
        mine = {name: np.maximum(x, 0) for name, x in found.items() if sides[name] == side}
        if len(next(iter(mine.values()))) > 1:
            answer.append(_factors(side, mine, num_factors))
    return answer


def _factors(side: int, layers: dict[str, np.ndarray], num_factors: int) -> Factors:
    whole = np.concatenate(list(layers.values()), axis=1).astype("float64")
    kind = library("sklearn.decomposition").NMF
    model = kind(min(num_factors, len(whole)), init="nndsvd", max_iter=1000, random_state=0)
    tokens = model.fit_transform(whole).T
    of_neurons = model.components_
    size = np.maximum(tokens.max(axis=1, keepdims=True), np.finfo("float64").tiny)
    tokens, of_neurons = tokens / size, of_neurons * size
    left = np.linalg.norm(whole - tokens.T @ of_neurons) / max(np.linalg.norm(whole), 1e-30)
    ends = np.cumsum([layer.shape[1] for layer in layers.values()])[:-1]
    total = np.maximum(of_neurons.sum(axis=1), 1e-30)
    parts = np.split(of_neurons, ends, axis=1)
    shares = {name: part.sum(axis=1) / total for name, part in zip(layers, parts)}
    return Factors(side, tokens, of_neurons, shares, float(left))
