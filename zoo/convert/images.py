"""What recipes of image models are made of, where a checkpoint of others is read as one."""

from typing import Any

from zoo.convert.config import Config

WHITE = 255
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
"""The mean and deviation of its colours from 0 to 1, which most checkpoints were trained with."""
HALF = [0.5, 0.5, 0.5]
"""The usual mean and deviation of a colour from 0 to 1: ours, where nothing is said."""


def stage(block: Any, hidden_dim: int, num_layers: int = 1, strides: int = 1) -> dict[str, Any]:
    """A stage as recipes write it."""
    sizes = {"hidden_dim": hidden_dim, "num_layers": num_layers, "strides": strides}
    return {"block": block, **sizes}


def convolution(kernel_size: int = 3, **options: Any) -> dict[str, Any]:
    """A convolution alone, or with what `options` put behind it."""
    alone = {"norm": None, "activation": None}
    return {"kind": "convolution", "kernel_size": kernel_size, **(options or alone)}


def patches(size: int, hidden_dim: int) -> dict[str, Any]:
    """The stage that makes a vector of every square of `size` × `size` places."""
    cut = {**convolution(size), "use_bias": True}
    return stage(cut, hidden_dim, strides=size)


def standardized_resnet(depths: list[int], widths: list[int], stem: int) -> list[dict[str, Any]]:
    """The stages of a ResNet with standardised weights, from the stem on."""
    like = {"norm": "group_norm", "standardized": True, "padding": "same"}
    pool, block = {"kind": "max_pool", "padding": "same"}, {"kind": "bottleneck", **like}
    first = [stage(convolution(7, **like), stem, strides=2), stage(pool, stem, strides=2)]
    sizes = enumerate(zip(widths, depths))
    return [*first, *(stage(block, *one, 2 if place else 1) for place, one in sizes)]


def vision_transformer(
    hidden_dim: int,
    num_layers: int,
    num_heads: int,
    intermediate_dim: int,
    places: int,
    epsilon: float = 1e-6,
    dropout: float = 0.0,
    **options: Any,
) -> dict[str, Any]:
    """What reads so many places, row after row, behind a class token."""
    sizes = (hidden_dim, num_heads, intermediate_dim)
    return {
        "class_token": True,
        "position": {"kind": "learned", "max_sequence_length": places + 1},
        "num_layers": num_layers,
        "final_norm": True,
        "layer_norm_epsilon": epsilon,
        "dropout": dropout,
        "blocks": attending(*sizes, epsilon=epsilon, dropout=dropout, **options),
    }


def attending(
    hidden_dim: int,
    num_heads: int,
    intermediate_dim: int,
    *,
    epsilon: float,
    activation: str = "gelu",
    dropout: float = 0.0,
    attention_dropout: float = 0.0,
) -> dict[str, Any]:
    """A block in which all places see all."""
    return {
        "kind": "pre_norm",
        "dropout": dropout,
        "layer_norm_epsilon": epsilon,
        "attention": {
            "kind": "multi_head",
            "num_heads": num_heads,
            "head_dim": hidden_dim // num_heads,
            "pattern": "full",
            "dropout": attention_dropout,
        },
        "feed_forward": {
            "kind": "plain",
            "intermediate_dim": intermediate_dim,
            "activation": activation,
            "dropout": dropout,
        },
    }


def colours(config: Config, mean: str, std: str, usual: tuple[list, list]) -> dict[str, Any]:
    """The mean and deviation of colours from 0 to 1 in two fields, as ours of 0 to 255."""
    found = {"image_mean": config.take(mean, usual[0]), "image_std": config.take(std, usual[1])}
    for name, field in (("image_mean", mean), ("image_std", std)):
        if not all(isinstance(one, float | int) for one in found[name]):
            raise config.wrong(field, "a list of numbers")
    if all(each == HALF for each in found.values()):
        return {}
    return {name: [round(WHITE * one, 6) for one in each] for name, each in found.items()}


def kept(config: Config, name: str, share: float) -> dict[str, Any]:
    """How much of the sides of a picture is shown, as a field says: the middle. Raises ZooError for
    none, and for more than there is."""
    if not 0 < share <= 1:
        raise config.wrong(name, "a share of the sides that is kept, above 0 and up to 1")
    return {} if share == 1 else {"kept": share}


def from_0_to_1(numbers: list[float] | None) -> list[float]:
    """The mean or deviation of our colours, as others write it."""
    return HALF if numbers is None else [round(one / WHITE, 8) for one in numbers]


def labels(config: Config, field: str, number: int) -> dict[str, Any]:
    """The names of `number` classes: a list, or an object by their places; nothing where the
    field is not there. Raises ZooError for another number of them."""
    found = config.take(field, None)
    if not found:
        return {}
    if isinstance(found, dict):
        found = [found.get(str(place)) for place in range(len(found))]
    if len(found) != number or not all(isinstance(one, str) for one in found):
        raise config.wrong(field, f"the names of {number:,} classes")
    return {"labels": found}
