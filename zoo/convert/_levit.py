"""LeViT (Graham et al. 2021), whoever wrote a checkpoint: small convolutions, then attention that
makes pictures smaller."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from zoo.convert.image_weights import kept, normal
from zoo.convert.images import convolution, stage
from zoo.convert.weights import Weight, linear

STEM = 4
"""How many convolutions stand before."""
RATIO, SMALLER_RATIO = 2, 4
"""How many times wider values are than keys, usually and where a picture becomes smaller."""
EXPANSION = 2


class Called(NamedTuple):
    """What parts of a model are called: projections, and the norm behind each."""

    norm: str
    query: str
    key_value: str
    all: str
    back: str


def stages(
    widths: list[int],
    keys: list[int],
    heads: list[int],
    depths: list[int],
    ratios: list[int],
    expansions: list[int],
) -> list[dict[str, Any]]:
    """Its stages, from the stem on. Where a picture becomes smaller, there are as many heads as the
    first keys fit in."""
    small, given = convolution(activation="hard_swish"), widths[0]
    stem = [stage(small, given // part, strides=2) for part in (8, 4, 2)]
    looked = [*stem, stage(convolution(activation=None), given, strides=2)]
    for place, (width, key, number, depth, ratio, expansion) in enumerate(
        zip(widths, keys, heads, depths, ratios, expansions)
    ):
        if place:
            smaller = attending(given // keys[0], keys[0], SMALLER_RATIO, EXPANSION)
            looked.append(stage(smaller, width, strides=2))
        looked.append(stage(attending(number, key, ratio, expansion), width, depth))
        given = width
    return looked


def attending(num_heads: int, key: int, ratio: int, expansion: int) -> dict[str, Any]:
    """A block, whose values are so many times as wide as keys."""
    sizes = {"num_heads": num_heads, "head_dim": key, "value_dim": ratio * key}
    looks = {"kind": "batch_normed", **sizes, "position": "grid_distance"}
    return {"kind": "levit", "attention": looks, "expansion": expansion}


def sizes(backbone: dict[str, Any]) -> tuple[list[int], ...]:
    """What `stages` is given to make those of a backbone."""
    looked = [one for one in backbone["stages"][STEM:] if one["strides"] == 1]
    looks = [one["block"]["attention"] for one in looked]
    return (
        [one["hidden_dim"] for one in looked],
        [one["head_dim"] for one in looks],
        [one["num_heads"] for one in looks],
        [one["num_layers"] for one in looked],
        [one["value_dim"] // one["head_dim"] for one in looks],
        [one["block"]["expansion"] for one in looked],
    )


def head(number: int) -> dict[str, Any]:
    """What scores classes: the mean of so many, each of which normalises what it sees."""
    normed = {"pooled_norm": True, "norm": "batch_norm", "layer_norm_epsilon": 1e-5}
    return {**normed, "num_heads": number}


def attends(block: Any, name: str, fed: tuple[str, str], called: Called) -> Iterator[Weight]:
    """The weights of a block: of its attention, `name`, and of the two projections behind it."""
    looks = block.attention
    asks, tells = [looks.query], [looks.key, looks.value]
    if block.strides > 1:
        groups = {called.query: asks, called.key_value: tells}
    else:
        groups = {called.all: asks + tells}
    for part, projections in {**groups, called.back: [looks.attention_output]}.items():
        yield from beside_in_heads(f"{name}{part}", projections, looks.num_heads, called.norm)
    yield Weight(f"{name}attention_biases", [looks.position.steps], lambda one: [one], flat)
    for place, part in zip(fed, ("widen", "narrow")):
        yield from linear(f"{place}.linear", getattr(block, part), inputs=3)
        yield from normal(f"{place}.{called.norm}", getattr(block, f"{part}_norm"))


def head_weights(task: Any, names: tuple[str, str], normed: str) -> Iterator[Weight]:
    for name, norm, dense in zip(names, task.output_norms, task.output_denses):
        yield from kept(f"{name}.{normed}", norm)
        yield from linear(f"{name}.linear", dense)


def flat(ours: list[np.ndarray]) -> np.ndarray:
    return ours[0].reshape(len(ours[0]), -1)


def beside_in_heads(name: str, parts: list[Any], num_heads: int, norm: str) -> Iterator[Weight]:
    """Projections with their norms, side by side in every head: `(h (e e …)) d`."""
    heads = num_heads if len(parts) > 1 else 1
    ends = np.cumsum([part.size // heads for part in parts])[:-1]

    def split(theirs: np.ndarray) -> list[np.ndarray]:
        cut = np.split(theirs.reshape(heads, -1, *theirs.shape[1:]), ends, axis=1)
        return [one.reshape(-1, *theirs.shape[1:]).T for one in cut]

    def join(ours: list[np.ndarray]) -> np.ndarray:
        cut = [one.T.reshape(heads, -1, *one.shape[:-1]) for one in ours]
        return np.concatenate(cut, axis=1).reshape(-1, *ours[0].shape[:-1])

    yield Weight(f"{name}.linear.weight", [part.project.kernel for part in parts], split, join)
    every = [list(kept(f"{name}.{norm}", part.normalize)) for part in parts]
    for together in zip(*every):
        yield Weight(together[0].name, [one.variables[0] for one in together], split, join)
