"""The backend's own attention: `keras.ops.dot_product_attention`.

Flash attention is asked for by name, never left to the default of Keras, which on a TPU would drop
the bias and the scale. It is asked for where it computes the same: on a GPU under JAX, when nothing
is added to the scores.
"""

import keras
from keras import ops

from zoo.attention.kernels import Kernel, visible


class Fused(Kernel):
    """Every query must have a key to attend to; where it has none, what it gives is undefined."""

    takes_dropout = False

    def __call__(self, query, key, value, places, pattern, position, dropout=None):
        extra = position.score(query, key, places)
        return ops.dot_product_attention(
            query,
            key,
            value,
            bias=extra,
            mask=ops.convert_to_tensor(visible(places, pattern)),
            scale=query.shape[-1] ** -0.5,
            flash_attention=extra is None and on_jax_gpu(),
        )


def on_jax_gpu() -> bool:
    if keras.config.backend() != "jax":
        return False
    return any(device.startswith(("gpu", "cuda")) for device in keras.distribution.list_devices())
