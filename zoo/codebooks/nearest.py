"""The nearest of a table of vectors, which is trained by gradients (van den Oord et al. 2017,
arXiv:1711.00937; Esser et al. 2021, arXiv:2012.09841, section 3.1)."""

from typing import Literal

from keras import ops

from zoo.codebooks import Coded
from zoo.codebooks._looked_up import LookedUp
from zoo.core.types import NonNegativeFloat


class Nearest(LookedUp):
    """Its loss has two terms: the codebook follows what is written in it, and what is written is
    committed to the codebook. `beta` weighs the `commitment`, as both papers say; in the released
    VQGANs it weighs the `codebook` (`beta_weighs`; their `legacy`)."""

    def __init__(
        self,
        beta: NonNegativeFloat = 0.25,
        beta_weighs: Literal["commitment", "codebook"] = "commitment",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.beta, self.beta_weighs = beta, beta_weighs

    def build(self, x_shape):
        self.embeddings = self.table(x_shape, trainable=True)
        self.built = True

    def call(self, z):
        codes = self.codes(z)
        found = self._of(codes)
        losses = {
            "commitment": self.apart(z, ops.stop_gradient(found)),
            "codebook": self.apart(ops.stop_gradient(z), found),
        }
        weighed = losses.pop(self.beta_weighs)
        (other,) = losses.values()
        return Coded(self.straight_through(z, found), codes, self.beta * weighed + other)
