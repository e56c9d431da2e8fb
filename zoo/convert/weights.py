"""Which weight of a checkpoint is which variable of ours, and how each lies in the other."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np


class Weight(NamedTuple):
    """One array of a checkpoint, and the variables it holds."""

    name: str
    variables: list[Any]
    split: Callable[[np.ndarray], list[np.ndarray]]
    """Their array -> ours, one a variable, in any shape of the same size and order."""
    join: Callable[[list[np.ndarray]], np.ndarray]
    """Our arrays -> theirs."""


def same(name: str, variable: Any) -> Weight:
    """An array that lies in theirs as in ours, or with its axes joined."""
    return Weight(name, [variable], lambda theirs: [theirs], lambda ours: ours[0])


def vector(name: str, variable: Any) -> Weight:
    """An array that is a vector in theirs."""
    return Weight(name, [variable], lambda theirs: [theirs], lambda ours: ours[0].ravel())


def rows(name: str, table: Any, unused: int) -> Weight:
    """A table whose first rows are of no use to us."""

    def join(ours: list[np.ndarray]) -> np.ndarray:
        return np.pad(ours[0], ((unused, 0), (0, 0)))

    return Weight(name, [table], lambda theirs: [theirs[unused:]], join)


def linear(name: str, layer: Any, inputs: int = 1) -> Iterator[Weight]:
    """A `Linear` of PyTorch, which keeps its matrix by its outputs; our first `inputs` axes go
    in."""
    kernel = layer.kernel
    turn = lambda ours: matrix(ours[0], inputs).T  # noqa: E731
    yield Weight(f"{name}.weight", [kernel], lambda theirs: [theirs.T], turn)
    if layer.bias is not None:
        yield vector(f"{name}.bias", layer.bias)


def conv1d(name: str, layer: Any, inputs: int = 1) -> Iterator[Weight]:
    """GPT's `Conv1D`, which keeps its matrix by its inputs."""
    keep = lambda ours: matrix(ours[0], inputs)  # noqa: E731
    yield Weight(f"{name}.weight", [layer.kernel], lambda theirs: [theirs], keep)
    yield vector(f"{name}.bias", layer.bias)


def beside(name: str, layers: list[Any], by_outputs: bool = False) -> Iterator[Weight]:
    """Projections of one input side by side in one matrix, `d (l h e)`, or `(l h e) d`."""
    kernels, biases = ([getattr(layer, part) for layer in layers] for part in ("kernel", "bias"))
    ends = np.cumsum([math.prod(kernel.shape[1:]) for kernel in kernels])[:-1]

    def split(theirs: np.ndarray) -> list[np.ndarray]:
        return np.split(theirs.T if by_outputs else theirs, ends, axis=1)

    def join(ours: list[np.ndarray]) -> np.ndarray:
        joined = np.concatenate([matrix(one) for one in ours], axis=1)
        return joined.T if by_outputs else joined

    yield Weight(f"{name}.weight", kernels, split, join)
    if biases[0] is not None:
        row = lambda ours: np.concatenate([one.ravel() for one in ours])  # noqa: E731
        yield Weight(f"{name}.bias", biases, lambda theirs: np.split(theirs, ends), row)


def norm(name: str, layer: Any) -> Iterator[Weight]:
    """A layer norm, or a norm by the root mean square, which has a scale alone."""
    if not hasattr(layer, "gamma"):
        yield same(f"{name}.weight", layer.scale)
        return
    yield same(f"{name}.weight", layer.gamma)
    if layer.beta is not None:
        yield same(f"{name}.bias", layer.beta)


def matrix(kernel: np.ndarray, inputs: int = 1) -> np.ndarray:
    """A kernel as a matrix, inputs by outputs."""
    return kernel.reshape(math.prod(kernel.shape[:inputs]), -1)


def convolution(name: str, layer: Any, order: str = "oiyx") -> Iterator[Weight]:
    """A `Conv2d` of PyTorch. Ours is `yxio`, or `yxoi` where each feature stands by itself."""
    ours = "yxoi" if hasattr(layer, "depth_multiplier") else "yxio"
    there, back = (
        [one.index(axis) for axis in other] for one, other in ((order, ours), (ours, order))
    )
    split = lambda theirs: [theirs.transpose(there)]  # noqa: E731
    yield Weight(f"{name}.weight", [layer.kernel], split, lambda one: one[0].transpose(back))
    if layer.bias is not None:
        yield same(f"{name}.bias", layer.bias)


def place_by_place(name: str, layer: Any, inputs: int = 1) -> Iterator[Weight]:
    """A `Conv2d` of PyTorch that sees one place at a time: for us, a projection."""
    turn = lambda ours: matrix(ours[0], inputs).T[..., None, None]  # noqa: E731
    yield Weight(f"{name}.weight", [layer.kernel], lambda theirs: [theirs[..., 0, 0].T], turn)
    if layer.bias is not None:
        yield vector(f"{name}.bias", layer.bias)


def statistics(name: str, layer: Any) -> Iterator[Weight]:
    """What a batch norm keeps besides its scale and shift."""
    yield same(f"{name}.running_mean", layer.moving_mean)
    yield same(f"{name}.running_var", layer.moving_variance)
