"""MobileViT (Mehta and Rastegari 2022), whoever wrote a checkpoint: inverted residuals, and
attention from patch to patch."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from zoo.convert import weights as theirs
from zoo.convert.image_weights import convolved
from zoo.convert.images import attending, convolution, stage
from zoo.convert.weights import Weight

DEPTHS = (2, 4, 3)
"""How many layers of attention the last three stages have."""


class Called(NamedTuple):
    """What parts of a model are called."""

    conv: str
    """A convolution, behind the name of what it is part of."""
    norm: str
    """The norm behind it."""
    inverted: tuple[str, str, str]
    """What an inverted residual convolves with, in turn."""
    looks: dict[str, str]
    """The parts of a block that attends, by what we call them."""
    layer: Callable[[str, Any], Iterator[Weight]]
    """The weights of a layer of attention."""

    def pair(self, name: str, conv: Any, norm: Any) -> Iterator[Weight]:
        """A convolution and the norm behind it."""
        return convolved((f"{name}.{self.conv}", f"{name}.{self.norm}"), conv, norm)


def stages(
    widths: list[int],
    inner: list[int],
    expansion: int,
    num_heads: int = 4,
    mlp_ratio: float = 2.0,
    patch_size: int = 2,
    activation: str = "silu",
    epsilon: float = 1e-5,
    **dropouts: float,
) -> list[dict[str, Any]]:
    """Its stages: `widths` of the stem, of five stages and of the end; in the last three, attention
    that is `inner` wide."""
    stem, first, second, *deeper, last = widths
    like = {"kind": "inverted_residual", "expansion": expansion, "activation": activation}
    small, plain = convolution(3, activation=activation), convolution(1, activation=activation)
    looked = [stage(small, stem, strides=2), stage(like, first), stage(like, second, 3, 2)]
    active = {"activation": activation, "epsilon": epsilon}
    for width, wide, depth in zip(deeper, inner, DEPTHS):
        looks = {
            "kind": "mobilevit",
            "blocks": attending(wide, num_heads, int(wide * mlp_ratio), **active, **dropouts),
            "num_layers": depth,
            "inner_dim": wide,
            "patch_size": patch_size,
            "activation": activation,
            "layer_norm_epsilon": epsilon,
        }
        looked += [stage(like, width, strides=2), stage(looks, width)]
    return [*looked, stage(plain, last)]


def inverted(name: str, block: Any, called: Called) -> Iterator[Weight]:
    """The weights of an inverted residual."""
    for part, their in zip(("widen", "depth", "narrow"), called.inverted):
        norm = getattr(block, f"{part}_norm")
        yield from called.pair(f"{name}{their}", getattr(block, part), norm)


def looking(name: str, block: Any, called: Called) -> Iterator[Weight]:
    """The weights of a block that attends from patch to patch."""
    named = {ours: f"{name}{their}" for ours, their in called.looks.items()}
    yield from called.pair(named["near"], block.near, block.near_norm)
    yield from theirs.convolution(named["enter"], block.enter)
    for number, layer in enumerate(block.transformer_layers):
        yield from called.layer(f"{named['layers']}.{number}.", layer)
    yield from theirs.norm(named["norm"], block.output_norm)
    yield from called.pair(named["leave"], block.leave, block.leave_norm)
    yield from called.pair(named["join"], block.join, block.join_norm)
