"""A codebook: the vector of each place of a picture becomes one of a number of codes, and back."""

from typing import Any, NamedTuple

from zoo.core.layer import LayerKind
from zoo.core.types import PositiveInt


class Coded(NamedTuple):
    """What a codebook makes of a picture."""

    hidden: Any
    """`b y x e`: what stands for the codes. A gradient of it reaches the vectors that were given,
    and the codebook where that is trained by it."""
    codes: Any
    """int32 `b y x`"""
    loss: Any
    """float32: what is to be minimised besides."""


class Codebook(LayerKind):
    """The contract of every codebook, of `num_codes` codes that are read as `code_dim` numbers.

    `b y x d` -> `Coded`. Codes of places that train nothing are told by `codes`.
    """

    shelf = "codebooks"

    def __init__(self, num_codes: PositiveInt, code_dim: PositiveInt, **kwargs):
        super().__init__(**kwargs)
        self.num_codes, self.code_dim = num_codes, code_dim

    def codes(self, z: Any) -> Any:
        """`b y x d` -> the likeliest code of each place, int32 `b y x`."""
        raise NotImplementedError

    def embed(self, codes: Any) -> Any:
        """int32 `b y x` -> `b y x e`."""
        raise NotImplementedError
