"""What codebooks share that are tables of vectors, of which the nearest counts."""

from typing import Any

import keras
from keras import ops

from zoo.codebooks import Codebook
from zoo.core.errors import ZooError


class LookedUp(Codebook):
    """The contract of tables `embeddings`, `v e` (van den Oord et al. 2017, VQ-VAE, section 3.1).
    Raises ZooError where a picture has another number of features than a code."""

    def table(self, x_shape: Any, trainable: bool) -> Any:
        """A table that begins between -1/v and 1/v."""
        if x_shape[-1] != self.code_dim:
            text = f"found {self.code_dim}, but a picture has {x_shape[-1]} features a place."
            raise ZooError(text, "code_dim")
        bound = 1 / self.num_codes
        return self.add_weight(
            (self.num_codes, self.code_dim),
            keras.initializers.RandomUniform(-bound, bound),
            name="embeddings",
            dtype="float32",
            trainable=trainable,
        )

    def codes(self, z):
        """The first of the nearest, by what of their distances differs between codes."""
        z, table = ops.cast(z, "float32"), ops.cast(self.embeddings, "float32")
        far = ops.sum(ops.square(table), axis=-1) - 2 * ops.matmul(z, ops.transpose(table))
        return ops.cast(ops.argmin(far, axis=-1), "int32")

    def embed(self, codes):
        return ops.cast(self._of(codes), self.compute_dtype)

    def _of(self, codes: Any) -> Any:
        """float32 `b y x e`"""
        return ops.take(ops.cast(self.embeddings, "float32"), codes, axis=0)

    def apart(self, z: Any, found: Any) -> Any:
        """The mean square of what lies between vectors, float32."""
        return ops.mean(ops.square(ops.cast(z, "float32") - found))

    def straight_through(self, z: Any, found: Any) -> Any:
        """What was found, whose gradient is that of what was asked for."""
        wide = ops.cast(z, "float32")
        return ops.cast(wide + ops.stop_gradient(found - wide), self.compute_dtype)
