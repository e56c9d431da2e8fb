"""The backend's own attention: `keras.ops.dot_product_attention`.

Flash attention is asked for by name, never left to the default of Keras, which on a TPU would drop
the bias and the scale. It is asked for where it computes the same: on a GPU under JAX, when nothing
is added to the scores.
"""

import keras
from keras import ops

from zoo.attention.kernels import Kernel, every_query_sees, visible


class Fused(Kernel):
    takes_dropout = False

    def __call__(self, query, key, value, places, pattern, position, dropout=None):
        extra = position.score(query, key, places)
        seen = visible(places, pattern)
        heads = ops.dot_product_attention(
            query,
            key,
            value,
            bias=extra,
            mask=ops.convert_to_tensor(seen),
            scale=query.shape[-1] ** -0.5,
            flash_attention=extra is None and on_jax_gpu(),
        )
        if every_query_sees(seen):
            return heads
        something = ops.transpose(ops.any(seen, axis=-1), (0, 2, 1))
        return ops.where(something[..., None], heads, 0.0)


def on_jax_gpu() -> bool:
    if keras.config.backend() != "jax":
        return False
    return any(device.startswith(("gpu", "cuda")) for device in keras.distribution.list_devices())
